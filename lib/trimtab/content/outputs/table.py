"""The table of output kinds: which programs print them, how they look, what to keep and what to name.

The first row whose program ran wins, then the first that looks right; the general marks come on top of any. To add a
kind, add a row (and a module where patterns don't do).
"""

from trimtab.content.outputs import diffs, listings, logs, searches
from trimtab.content.outputs.kind import Kind, kind

RESULT = r"\b\d+ (?:tests? )?(?:passed|failed|skipped|errors?|failing|passing|pending|broken)\b"

TESTS = (
    kind(
        "pytest", "pytest, py.test", looks=r"^=+ test session starts =+$|^=+ (?:FAILURES|ERRORS) =+$",
        keep=rf"^(?:FAILED|ERROR) |^E  |^=+ .*{RESULT}.*=+$|^=* ?{RESULT}|^_{{3,}} .+ _{{3,}}$|^\S+:\d+: \w*(?:Error|Exception|Failed)|^INTERNALERROR|^no tests ran|^TOTAL\s",
        start=r"^_{3,} (.+?) _{3,}$|^=+ (.+?) =+$", block="failure",
    ),
    kind(
        "unittest", "unittest", looks=r"^(?:FAIL|ERROR): \w+ \(|^Ran \d+ tests? in ",
        keep=r"^(?:FAIL|ERROR): |^Ran \d+ tests?|^FAILED \(|^OK\b|^\w*(?:Error|Exception)\b", start=r"^(?:FAIL|ERROR): (.+)$", block="failure",
    ),
    kind(
        "jest", "jest, vitest, react-scripts", looks=r"^\s*(?:Test Files|Test Suites:)\s|^ ?(?:FAIL|PASS) +\S+\.[cm]?[jt]sx?\b|^ RUN  v\d",
        keep=r"^\s*(?:FAIL|●|×|✗|⎯+ Failed)|^\s*(?:Tests|Test Files|Test Suites|Snapshots)[: ]|(?:Assertion)?Error:|^\s*(?:Expected|Received)[: ]|^\s*[-+] (?:Expected|Received)|❯ \S+:\d+|at .*\.(?:test|spec)\.\w+:\d+",
        start=r"^\s*(?:●|FAIL|×)\s+(.+)$", block="failure",
    ),
    kind(
        "mocha", "mocha", looks=r"^\s+\d+ (?:passing|failing)\b",
        keep=r"^\s+\d+ (?:passing|failing|pending)\b|^\s+\d+\) |Error:|^\s+[-+] ?(?:expected|actual)", start=r"^\s+(\d+\) .+)$", block="failure",
    ),
    kind(
        "go test", "go test, gotestsum", looks=r"^(?:---|===) (?:FAIL|PASS|RUN)|^(?:ok|FAIL|\?)\s+\S+\s+[\d.(\[]",
        keep=r"^\s*--- FAIL|^FAIL\b|^panic:|^\s+\S+_test\.go:\d+:|\bError(?: Trace)?:|DATA RACE|^coverage:|^# |^\S+\.go:\d+:\d+:",
        start=r"^\s*--- (FAIL: \S+|PASS: \S+)|^=== RUN\s+(\S+)", block="failure", fact=r"^(?:ok|\?)\s+(\S+)",
    ),
    kind(
        "cargo test", "cargo test, cargo nextest", looks=r"^test result: |^running \d+ tests?$",
        keep=r"^test .* \.\.\. FAILED|^test result:|^---- .+ stdout ----|panicked at|^\s*(?:left|right):|^error(?:\[E\d+\])?:|^\s+--> \S+:\d+|^\s+FAIL \[",
        start=r"^---- (.+) stdout ----", block="failure",
    ),
    kind(
        "maven", "mvn, mvnw, ./mvnw", looks=r"^\[(?:INFO|ERROR)\] ",
        keep=r"^\[ERROR\]|BUILD (?:SUCCESS|FAILURE)|Tests run:.*(?:Failures: [1-9]|Errors: [1-9])|^\[INFO\] Tests run:(?!.*Time)|<<< (?:FAILURE|ERROR)!",
        start=r"^\[INFO\] (-+< .+ >-+)$",
    ),
    kind(
        "gradle", "gradle, gradlew, ./gradlew", looks=r"^> Task :",
        keep=r"^> Task .* FAILED|FAILED$|^BUILD |^\* What went wrong|^FAILURE:|^e: |error:|\d+ tests completed", start=r"^> Task (\S+)",
    ),
    kind(
        "dotnet", "dotnet", looks=r"^\s*(?:Passed|Failed)!\s+- Failed:|^Build (?:succeeded|FAILED)",
        keep=r"^\s*Failed \S|(?:error|warning) \w+\d+:|^\s*(?:Passed|Failed)!|^Build |Error Message:|^\s+(?:Expected|Actual):|\d+ (?:Error|Warning)\(s\)",
        start=r"^\s*Failed (\S+)", block="failure",
    ),
    kind(
        "rspec", "rspec", looks=r"^\d+ examples?, \d+ failures?",
        keep=r"^\d+ examples?, |^rspec \./|^\s+Failure/Error|^\s+\d+\) |^\s+(?:expected|got):", start=r"^\s+(\d+\) .+)$", block="failure",
    ),
    kind(
        "phpunit", "phpunit, pest", looks=r"^PHPUnit \d|^Tests: \d+, Assertions",
        keep=r"^\d+\) |^(?:FAILURES|ERRORS|OK)\b|^Tests: \d+|^Failed asserting|\.php:\d+$", start=r"^(\d+\) .+)$", block="failure",
    ),
    kind(
        "playwright", "playwright", looks=r"^\s+\d+ (?:passed|failed|flaky) ?\(?|^Running \d+ tests? using \d+ workers?",
        keep=r"^\s+\d+\) |^\s+\d+ (?:passed|failed|flaky|skipped|did not run)|Error:|^\s+(?:Expected|Received)|^\s+✘|^\s+at \S+:\d+:\d+|›.*─+$",
        start=r"^\s+(\d+\) .+)$", block="failure",
    ),
    kind("tap", "tap, ctest, prove", looks=r"^(?:not )?ok \d+ |tests? failed out of \d+", keep=r"^not ok|\*\*\*(?:Failed|Exception|Timeout)|^# (?:fail|pass|tests)|tests? failed out of|^The following tests FAILED", fact=r"^ok \d+ - (.+)$"),
)  # fmt: skip

BUILDS = (
    kind("tsc", "tsc, vue-tsc", looks=r"^\S+\(\d+,\d+\): (?:error|warning) TS\d+|^\S+:\d+:\d+ - error TS\d+", keep=r"(?:error|warning) TS\d+|^Found \d+ errors?"),
    kind("eslint", "eslint, standard, biome, prettier, stylelint", looks=r"^\s+\d+:\d+\s+(?:error|warning)\s|✖ \d+ problems?", keep=r"^\s+\d+:\d+\s+error|^✖ |\d+ problems?|^\[warn\]|^Found \d+", start=r"^(/?[\w@.+~/\\-]+\.\w+)$", fact=r"^\s+(\d+:\d+)\s+warning"),
    kind("ruff", "ruff, flake8, pylint, pycodestyle, pydocstyle, isort, black", looks=r"^\S+\.py:\d+:\d+: [A-Z]+\d+|^[A-Z]+\d+ .+\n\s+--> ", keep=r"^\S+:\d+:\d+: [A-Z]+\d+|^[A-Z]{1,4}\d{3,4} |^\s+--> \S+:\d+|^Found \d+ errors?|^Your code has been rated|^would reformat|^Oh no|\d+ files? (?:would|left)"),
    kind("mypy", "mypy, pyright, dmypy, pyre, ty", looks=r"^\S+\.pyi?:\d+(?::\d+)?: (?:error|note):|^Success: no issues found", keep=r": error:|- error:|^Found \d+ errors?|^Success|^\d+ errors?, "),
    kind("gcc", "gcc, g++, cc, c++, clang, clang++, make, cmake, ninja, ld, meson, bazel, gmake", looks=r"^\S+:\d+:\d+: (?:fatal )?(?:error|warning):|^make(?:\[\d+\])?: ", keep=r"(?:fatal )?error:|\berror\b.*:|warning:|undefined reference|^make(?:\[\d+\])?: \*\*\*|^ninja: |^CMake (?:Error|Warning)|FAILED:|collect2|ld returned|^\s+(?:Errors?|Warnings?): \d"),
    kind("cargo", "cargo, rustc, rustfmt", looks=r"^\s*(?:Compiling|Checking|Finished) \S+|^(?:error|warning)(?:\[E\d+\])?: ", keep=r"^(?:error|warning)(?:\[\w+\])?:|^\s+--> \S+:\d+|^\s*Finished|could not compile|generated \d+ warnings?", start=r"^((?:error|warning)(?:\[\w+\])?: .+)$", block="diagnostic"),
    kind("bundler", "webpack, vite, next, esbuild, rollup, parcel, turbo, nx, astro, svelte-kit, remix", looks=r"^(?:✓|×|✗) |\bbuilt in \d|webpack \d.* compiled|^Route \(", keep=r"(?:^|\b)(?:ERROR|Error|error|Failed|failed)\b|warning|✗|×|built in|compiled|^\s*\d+ (?:errors?|warnings?)"),
    kind("go build", "go build, go vet, golangci-lint, staticcheck, gofmt, go", looks=r"^\S+\.go:\d+:\d+: ", keep=r"^\S+\.go:\d+(?::\d+)?: |^# \S|^\d+ issues?|level=error|^go: "),
    kind("packages", "npm, pnpm, yarn, bun, pip, pip3, uv, poetry, apt, apt-get, brew, gem, bundle, composer, dnf, conda", looks=r"^(?:npm|yarn|pnpm) |^Successfully installed|^Collecting \S+|^added \d+ packages", keep=r"(?:^|\b)(?:ERR!|ERROR|error|Error)\b|\bwarn(?:ing)?\b|WARN|deprecated|vulnerabilit|^Successfully|^added \d|^removed \d|^changed \d|^found \d|^Installed|^Resolved|conflict|not found|^\d+ (?:upgraded|packages)", fact=r"^(?:Collecting|Downloading|Installing|Fetching|  - Installing|Setting up|Unpacking) (\S+)"),
)  # fmt: skip

OTHERS = (
    kind("git log", "git log, git shortlog, git reflog", looks=r"^commit [0-9a-f]{40}$", start=r"^commit ([0-9a-f]{7,10})", fact=r"^(?:[*|/\\ ]*)?(?:commit )?([0-9a-f]{7,10})(?:[0-9a-f]{0,33})?\b", block="commit", mark=diffs.mark),
    kind("diff", "git diff, git show, diff, git stash, git format-patch", looks=r"^diff --git |^@@ -\d+", mark=diffs.mark),
    kind("git status", "git status, git merge, git rebase, git pull, git commit, git push, git checkout, git switch, git cherry-pick", looks=r"^On branch ", keep=r"^On branch|CONFLICT|^Your branch|error:|fatal:|rejected|both modified|^HEAD detached|\d+ files? changed|^\[\S+ [0-9a-f]+\]", fact=r"^\s+(?:modified|new file|deleted|renamed|both modified): +(\S.*)$|^\t(\S.*)$"),
    kind("git blame", "git blame, git annotate", looks=r"^\^?[0-9a-f]{7,40} \(.+ \d{4}-\d\d-\d\d"),
    kind("git branch", "git branch, git tag, git remote, git worktree", keep=r"^\* ", fact=r"^[*+ ] (\S+)"),
    kind("gh", "gh, glab", looks=r"^title:\t|^#?\d+\t.*\t(?:OPEN|MERGED|CLOSED)", keep=r"^(?:title|state|author|number|url|labels):|\bfail(?:ed|ure|ing)?\b|^X |✗|^--$", fact=r"^#?(\d+)\t[^\t]+"),
    kind("search", "grep, egrep, fgrep, rg, ag, ack, git grep, zgrep", mark=searches.mark),
    kind("listing", "ls, find, fd, fdfind, tree, git ls-files, du, wc, exa, eza", mark=listings.mark),
    kind("table", "ps, df, free, netstat, ss, lsof, lsblk, top, systemctl, vmstat", keep=r"^(?:USER|UID|PID|Filesystem|Proto|COMMAND|NAME|State|\s+total|\s+UNIT)\b|\bfailed\b"),
    kind("environment", "env, printenv, set", fact=r"^([A-Za-z_]\w*)="),
    kind("kubectl", "kubectl, helm, oc, k9s", looks=r"^NAME\s+READY\s+STATUS", keep=r"^NAME\s|Error|Failed|CrashLoop|BackOff|OOMKilled|Pending|Evicted|Unhealthy|Warning|^Status:|^Reason:", fact=r"^([a-z0-9][a-z0-9.-]{6,})\s+\d+/\d+", start=r"^(\w[\w ]*):$"),
    kind("docker", "docker, docker-compose, podman, buildah", looks=r"^CONTAINER ID|^#\d+ \[|^Step \d+/\d+ :", keep=r"^CONTAINER ID|^REPOSITORY|ERROR|error|failed|Exited|unhealthy|warning|WARN|^Successfully|exporting|naming to", start=r"^(?:Step \d+/\d+ : (.+)|#\d+ (\[.+\] .+))$", fact=r"^([0-9a-f]{12})\s"),
    kind("terraform", "terraform, tofu, pulumi, terragrunt", looks=r"^Terraform (?:will|used)|^Plan: \d+", keep=r"^Plan:|Error:|Warning:|^Apply complete|must be replaced|will be destroyed|^No changes|^Destroy complete", start=r"^\s*# (\S+) (?:will|must|has)", fact=r"^\s*# (\S+) (?:will|must|has)", block="resource"),
    kind("log", "journalctl, dmesg, tail -f, docker logs, kubectl logs", looks=logs.LOOKS, mark=logs.mark),
    kind("manual", "man, info, tldr", looks=r"^NAME\n\s+\S|^(?:usage|Usage|USAGE): ", start=r"^([A-Z][A-Z ]{2,40})$|^\s{0,8}(-{1,2}[A-Za-z][\w-]*)"),
)  # fmt: skip

KINDS: tuple[Kind, ...] = (*TESTS, *BUILDS, *OTHERS)

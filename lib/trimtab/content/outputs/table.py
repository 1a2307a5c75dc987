"""The table of output kinds: which programs print them, how they look, what to keep and what to name.

The rows whose programs ran mark an output, then those that look right; the general marks come on top of any. To add a
kind, add a row (and a module where patterns don't do).
"""

import re
from collections.abc import Callable, Sequence

from trimtab.content.marks import Marks, marks
from trimtab.content.outputs import diffs, gotest, listings, logs, searches
from trimtab.content.outputs.kind import LONGEST_LINE, Kind, keep, keep_of, kind


def apart(pattern: str) -> Callable[[Sequence[str]], Marks]:
    """A `mark` that keeps what `pattern` finds, counted by itself: long diffs must not push out the names of tests."""
    compiled = re.compile(pattern)

    def mark(lines: Sequence[str]) -> Marks:
        found = marks()
        keep(compiled, lines, found)
        return found

    return mark


def after(heading: str) -> Callable[[Sequence[str]], Marks]:
    """A `mark` that keeps the first filled line after each that `heading` finds: `Error Message:` and its message."""
    pattern = re.compile(heading)

    def mark(lines: Sequence[str]) -> Marks:
        hits: list[int] = []
        is_next = False
        for number, line in enumerate(lines, 1):
            if pattern.search(line, 0, LONGEST_LINE):
                is_next = True
            elif is_next and line.strip():
                hits.append(number)
                is_next = False
        found = marks()
        keep_of(hits, lines, found)
        return found

    return mark


RESULT = r"\b\d+ (?:tests? )?(?:passed|failed|skipped|errors?|failing|passing|pending|broken)\b"

TESTS = (
    kind(
        "pytest", "pytest, py.test", looks=r"^=+ test session starts =+$|^=+ (?:FAILURES|ERRORS) =+$",
        keep=rf"^(?:FAILED|ERROR) |^E  |^=+ .*{RESULT}.*=+$|^=* ?{RESULT}|^_{{3,}} .+ _{{3,}}$|^\S+:\d+: (?:\w*(?:Error|Exception|Failed|Failure)|in test)|^FAIL |^INTERNALERROR|^no tests ran|^TOTAL\s",
        start=r"^_{3,} (.+?) _{3,}$|^=+ (.+?) =+$", block="failure",
    ),
    kind(
        "unittest", "unittest", looks=r"^(?:FAIL|ERROR): \w+ \(|^Ran \d+ tests? in ",
        keep=r"^(?:FAIL|ERROR): |^Ran \d+ tests?|^FAILED \(|^OK\b|^\w*(?:Error|Exception)\b|^  File .+, line \d+, in test", start=r"^(?:FAIL|ERROR): (.+)$", block="failure",
    ),
    kind(
        "jest", "jest, vitest, react-scripts", looks=r"^[ \t]*(?:Test Files|Test Suites:)\s|^ ?(?:FAIL|PASS) +\S+\.[cm]?[jt]sx?\b|^ RUN  v\d",
        keep=r"^\s*(?:FAIL|●|×|✗|⎯+ Failed)|^\s*(?:Tests|Test Files|Test Suites|Snapshots)[: ]|(?:Assertion)?Error:|^\s*(?:Expected|Received)[: ]|^\s*[-+] (?:Expected|Received)|❯ (?:\S+ )?[^\s:]+:\d+|at .*\.(?:test|spec)\.\w+:\d+",
        start=r"^\s*(?:●|FAIL|×)\s+(.+)$", block="failure", mark=apart(r"^(?: {4})?[-+] +\S"),
    ),
    kind(
        "mocha", "mocha", looks=r"^[ \t]+\d+ (?:passing|failing)\b",
        keep=r"^\s+\d+ (?:passing|failing|pending)\b|^\s+\d+\) |Error(?: \[\w+\])?:|^ {7,}\S.*:$|^\S.* !==? \S|^\s+[-+] ?(?:expected|actual)|^\s+at Context\b", start=r"^  (\d+\) .+)$", block="failure",
        mark=apart(r"^ {6}[-+]\s*\S"),
    ),
    kind(
        "go test", "go test, gotestsum", looks=r"^(?:---|===) (?:FAIL|PASS|RUN)|^(?:ok|FAIL|\?)\s+\S+\s+[\d.(\[]",
        keep=r"^\s*--- FAIL|^FAIL\b|^panic:|^\s+(?:expected|actual) *:|\bError(?: Trace)?:|DATA RACE|^coverage:|^# |^\S+\.go:\d+:\d+:",
        fact=r"^(?:ok|\?)\s+(\S+)", mark=gotest.mark,
    ),
    kind(
        "cargo test", "cargo test, cargo nextest", looks=r"^test result: |^running \d+ tests?$",
        keep=r"^test .* \.\.\. FAILED|^test result:|^---- .+ stdout ----|panicked at|^\s*(?:left|right):|^error(?:\[E\d+\])?:|^\s+--> \S+:\d+|^\s+FAIL \[",
        start=r"^---- (.+) stdout ----", block="failure", mark=after("panicked at .*:$"),
    ),
    kind(
        "maven", "mvn, mvnw, ./mvnw", looks=r"^\[(?:INFO|ERROR)\] ",
        keep=r"^\[ERROR\] (?!To see the full|Re-run Maven|For more information|Please refer to dump|-> \[Help|\[Help|$)|\.{3,} (?:FAILURE|SKIPPED)|BUILD (?:SUCCESS|FAILURE)|Tests run:.*(?:Failures: [1-9]|Errors: [1-9])|^\[INFO\] Tests run:(?!.*Time)|<<< (?:FAILURE|ERROR)!",
        start=r"^\[INFO\] (-+< .+ >-+)$",
    ),
    kind(
        "gradle", "gradle, gradlew, ./gradlew", looks=r"^> Task :",
        keep=r"^> Task .* FAILED|FAILED$|^BUILD |^\* What went wrong|^FAILURE:|^e: |error:|\d+ tests completed|\bwarning:|^\d+ warnings?$|^\s+[\w.$]+(?:Error|Exception)\b|^\s*> (?!Task|Run |Get |Configure |Learn |Transform )",
        start=r"^> Task (\S+)|^(\S.*) FAILED$", mark=after(r"^\* What went wrong"),
    ),
    kind(
        "dotnet", "dotnet", looks=r"^[ \t]*(?:Passed|Failed)!\s+- Failed:|^Build (?:succeeded|FAILED)",
        keep=r"^\s*Failed \S|(?:error|warning) \w+\d+:|^\s*(?:Passed|Failed)!|^Build |Error Message:|^\s*(?:Expected|Actual|But was):|\d+ (?:[Ee]rror|[Ww]arning)\(s\)|^\s+at .+:line \d+$",
        start=r"^\s*Failed (\S+)", block="failure", mark=after(r"Error Message:$"),
    ),
    kind(
        "rspec", "rspec", looks=r"^\d+ examples?, \d+ failures?",
        keep=r"^\d+ examples?, |^rspec \./|^\s+Failure/Error|^\s+\d+\) |^\s+(?:expected|got)\b|^\s+[A-Z][\w:]*:$|^\s+# \./\S+_spec\.rb:\d+", start=r"^\s+(\d+\) .+)$", block="failure",
        mark=after(r"^\s+[A-Z][\w:]*:$"),
    ),
    kind(
        "phpunit", "phpunit, pest", looks=r"^PHPUnit \d|^Tests: \d+, Assertions|^  Tests:    \d+ ",
        keep=r"^\d+\) |^(?:FAILURES|ERRORS|OK)\b|^\s*Tests: +\d+|^\s*Failed asserting|^\s+⨯|\.php:\d+$|^ [✘↩∅☢⚠] |^ +│ \S", start=r"^(\d+\) .+)$|^\s+FAILED\s+(.+)$", block="failure",
        mark=apart(r"^[-+](?![-+]{2} |\S+$)|^[-+]['\d]"),
    ),
    kind(
        "playwright", "playwright", looks=r"^[ \t]+\d+ (?:passed|failed|flaky) ?\(?|^Running \d+ tests? using \d+ workers?",
        keep=r"^\s+\d+\) |^\s+\d+ (?:passed|failed|flaky|skipped|did not run)|Error: (?!Context)|^\s+(?:Expected|Received)|^\s+✘|^\s+at \S+:\d+:\d+|›.*─+$|^ +[\w/.-]+:\d+:\d+ › ",
        start=r"^\s+(\d+\) .+?)(?: ─+)?$", block="failure",
    ),
    kind(
        "tap", "tap, ctest, prove", looks=r"^(?:not )?ok \d+ |tests? failed out of \d+|^ℹ tests \d+$|^Files=\d+, Tests=\d+",
        keep=r"^\s*not ok|^\s*✖ |\*\*\*(?:Failed|Exception|Timeout)|^[#ℹ] (?:fail|pass|tests)|^#\s+(?:Failed|at|got|expected)\b|tests? failed out of|^The following tests FAILED|^\s+\d+ - \S+ \(|^\s+(?:location|expected|actual): |Error \[|^\s+\S.* !== \S|^test at |Dubious|^Result: |\(Wstat: [1-9]|^\s+(?:Failed tests?|Parse errors):",
        start=r"^\s*(not ok .+)$|^\s*\d+/\d+ Test +#\d+: (\S+) .*\*\*\*|^✖ (.+)$", block="failure", fact=r"^ok \d+ - (.+)$",
        mark=after(r"^\s+error: \|-?$"),
    ),
)  # fmt: skip

BUILDS = (
    kind("tsc", "tsc, vue-tsc", looks=r"^\S+\(\d+,\d+\): (?:error|warning) TS\d+|^\S+:\d+:\d+ - error TS\d+", keep=r"(?:error|warning) TS\d+|^Found \d+ errors?"),
    kind("eslint", "eslint, standard, biome, prettier, stylelint", looks=r"^[ \t]+\d+:\d+\s+(?:error|warning)\s|✖ \d+ problems?|^\S+:\d+:\d+ lint/", keep=r"^\s+\d+:\d+\s+(?:error|✖)|^/?[\w@.+~/\\-]+\.\w+$|^\S+:\d+:\d+ \w+|^\s+[×✖] |^✖ |\d+ problems?|^\[(?:warn|error)\]|^Found \d+", start=r"^(/?[\w@.+~/\\-]+\.\w+)$|^(\S+:\d+:\d+ lint/\S+)", mark=apart(r"^\s+\d+:\d+\s+warning\s")),
    kind("ruff", "ruff, flake8, pylint, pycodestyle, pydocstyle, isort, black", looks=r"^\S+\.py:\d+:\d+: [A-Z]+\d+|^[A-Z]+\d+ .+\n\s+--> |^[Ww]ould reformat |^\d+ files? would be reformatted", keep=r"^\S+:\d+:\d+: [A-Z]+\d+|^[A-Z]{1,4}\d{3,4} |^\s+--> \S+:\d+|^Found \d+ errors?|^Your code has been rated|^[Ww]ould reformat|^unformatted: |^Oh no|\d+ files? (?:would|left)"),
    kind("mypy", "mypy, pyright, dmypy, pyre, ty", looks=r"^\S+\.pyi?:\d+(?::\d+)?: (?:error|note):|^  \S+:\d+:\d+ - (?:error|warning): |^(?:error|warning)\[[a-z-]+\]: |^Success: no issues found", keep=r": error:|- error:|^(?:error|warning)\[|^\s+--> |^Found \d+ (?:errors?|diagnostics?)|^Success|^\d+ errors?, "),
    kind("gcc", "gcc, g++, cc, c++, clang, clang++, make, cmake, ninja, ld, meson, bazel, gmake", looks=r"^\S+:\d+:\d+: (?:fatal )?(?:error|warning):|: undefined reference to |^CMake Error|^ninja: ", keep=r"(?:fatal )?error:|\berror\b.*:|warning:|undefined reference|^make(?:\[\d+\])?: \*\*\*|^ninja: |^CMake (?:Error|Warning)|FAILED:|required from here|collect2|ld returned|^\s+(?:Errors?|Warnings?): \d"),
    kind("cargo", "cargo, rustc, rustfmt", looks=r"^ {3,}(?:Compiling|Checking|Finished) \S+|^(?:error|warning)\[E\d+\]: |^ *--> \S+\.rs:\d+", keep=r"^(?:error|warning)(?:\[\w+\])?:|^\s+--> (?!/rustc/)\S+:\d+|^\s+\|.*\^ \S|^\s*Finished|could not compile|generated \d+ warnings?", start=r"^((?:error|warning)(?:\[\w+\])?: .+)$", block="diagnostic"),
    kind("bundler", "webpack, vite, next, esbuild, rollup, parcel, turbo, nx, astro, svelte-kit, remix", looks=r"^(?:✓|×|✗) |\bbuilt in \d|webpack \d.* compiled|^Route \(", keep=r"^(?!\s+at ).*\b(?:ERROR|Error|error|Failed|failed|warning)\b|^\d+:\d+ +Warning: |✗|×|╭─+\[|\[[A-Z]{2,}_[A-Z_]+\]|built in|compiled|^\s*\d+ (?:errors?|warnings?)", mark=after(r"^(?:ERROR|WARNING) in |^error during build:$|^Build failed with \d|^Failed to compile|^✘ \[")),
    kind("go build", "go build, go vet, golangci-lint, staticcheck, gofmt, go", looks=r"^\S+\.go:\d+:\d+: ", keep=r"^\S+\.go:\d+(?::\d+)?: |^# \S|^\d+ issues?|level=error|^(?:go|vet): ", mark=after(r"^\S+\.go:\d+:\d+: .*:$")),
    kind("packages", "npm, pnpm, yarn, bun, pip, pip3, uv, poetry, apt, apt-get, brew, gem, bundle, composer, dnf, conda", looks=r"^npm (?:warn|WARN|http|error|ERR!) (?:deprecated|fetch|ERESOLVE|EBADENGINE|code E(?!LIFECYCLE))|^Successfully installed|^Collecting \S+|^added \d+ packages|^Resolved \d+ packages in |^Reading package lists", keep=r"^(?![│ ]*[├└`+]|npm (?:error|ERR!)(?: *$| A complete| For a full| Fix the| /)|\d\. ).*(?:ERR!|ERR_|\b(?:ERROR|error|Error|warn|warning)\b|WARN|deprecated|vulnerabilit|conflict|not found|incompatible|[Cc]ould not| depends on )|^[EW]: |^ +[×╰] |✕|\bunmet\b|^Successfully|^added \d|^removed \d|^changed \d|^found \d|^Installed|^Resolved|^    The user requested|^\d+ (?:upgraded|packages (?!are looking))", fact=r"^(?:Collecting|Downloading|Installing(?! collected)|Fetching|  [-•] Installing|Setting up|Unpacking| [-+~]) (\S+)|^[-+] (\S+ \d\S*)$",
        signs=("ERR", "rror", "arn", "WARN", "deprecated", "vulnerabilit", "conflict", "found", "incompatible", "ould not", "depends on", "E: ", "W: ", "×", "╰", "✕", "unmet", "Success", "added", "removed", "changed", "Installed", "Resolved", "requested", "upgraded", "packages")),
)  # fmt: skip

# A section, an option with its argument, a command.
TITLE = r"^([A-Z][A-Z ]{2,40})$|^([A-Z][\w ]{2,40}):$|^\s{1,10}(-{1,2}[A-Za-z?][^\n]{0,50}?)(?:\s{2,}|$)|^ {2,4}([a-z][a-z0-9-]*(?:, [a-z0-9-]+)*) {2,}\S"

OTHERS = (
    kind("git log", "git log, git shortlog, git reflog", looks=r"^commit [0-9a-f]{40}$", start=r"^commit ([0-9a-f]{7,10})", fact=r"^(?:[*|/\\ ]*)?(?:commit )?([0-9a-f]{7,10})(?:[0-9a-f]{0,33})?\b", block="commit", mark=diffs.mark, quotes=True),
    kind("diff", "git diff, git show, diff, git stash, git format-patch", looks=r"^diff --git |^@@ -\d+", fact=r"^commit ([0-9a-f]{7,10})|^\+\+\+ (?!b/|/dev/null)(\S+)|^(stash@\{\d+\})", mark=diffs.mark, quotes=True),
    kind("git status", "git status, git merge, git rebase, git pull, git commit, git push, git checkout, git switch, git cherry-pick", looks=r"^On branch |^Fast-forward$|^CONFLICT \(|^ ! \[(?:remote )?rejected\]", keep=r"^On branch|^## \S|CONFLICT|^Your branch|error:|fatal:|rejected|both (?:modified|added|deleted)|(?:deleted|added) by |^HEAD detached|rebase in progress|^nothing (?:added )?to commit|\d+ files? changed|^\[\S+ [0-9a-f]+\]", fact=r"^\s+(?:modified|new file|deleted|renamed|both modified): +(\S.*)$|^\t(\S.*)$|^(?:[MADRCU?][ MADU?] |[MADR]\t| [MADRCU] )(\S.*)$", mark=diffs.mark),
    kind("git blame", "git blame, git annotate", looks=r"^\^?[0-9a-f]{7,40} \(.+ \d{4}-\d\d-\d\d", quotes=True),
    kind("git branch", "git branch, git tag, git remote, git worktree", keep=r"^\* ", fact=r"^[*+ ] (\S+)|^(\S+)"),
    kind("gh", "gh, glab", looks=r"^title:\t|^#?\d+\t.*\t(?:OPEN|MERGED|CLOSED)|^\S.*\t(?:pass|fail|pending|skipping)\t", keep=r"^(?:title|state|author|number|url|labels):|\bfail(?:ed|ure|ing)?\b|^X |✗|^--$|^[^\t]+\t.*(?:##\[error\]|Z E  |\b[A-Z]\w*(?:Error|Exception)\b|\berror:)", fact=r"^#?(\d+)\t[^\t]+|^\w+\t.*\t(\d{8,})\t|^([^\t]+)\t(?:pass|fail|pending|skipping)\t", signs=("title:", "state:", "author:", "number:", "url:", "labels:", "fail", "X ", "✗", "--", "\t")),
    kind("search", "grep, egrep, fgrep, rg, ag, ack, git grep, zgrep", mark=searches.mark, quotes=True),
    kind("listing", "ls, find, fd, fdfind, tree, git ls-files, du, wc, exa, eza", keep=r"^\d+ director(?:y|ies)|^\s*\d+(?:\s+\d+)*\s+total$", fact=r"^(?! *\d+ +\d+ [bcdlps-][rwxsStT-]{9}) *\d+(?: +\d+)* +(\S.*)$", mark=listings.mark, quotes=True),
    kind("table", "ps, df, free, netstat, ss, lsof, lsblk, top, systemctl, vmstat", keep=r"^(?:USER|UID|PID|Filesystem|Proto|COMMAND|NAME|State|\s+total|\s+UNIT)\b|\bfailed\b|\s(?:9\d|100)% +/", fact=r"\d% +(/\S*)$|^[●* ] (\S+\.[a-z]+) "),
    kind("environment", "env, printenv, set", looks=r"\A(?:[A-Z_]\w*=.*\n){4}", fact=r"^([A-Za-z_]\w*)="),
    kind("kubectl", "kubectl, helm, oc, k9s", looks=r"^NAME\s+READY\s+STATUS", keep=r"^NAME\s|Error|Failed|CrashLoop|BackOff|OOMKilled|Pending|Evicted|Unhealthy|Warning|Pressure +True|^ +Ready +(?:False|Unknown)|Terminating|\s0/\d+\s+(?!Completed)[A-Z]|Exit Code: +[1-9]|^Name:|^Status:|^Reason:", fact=r"^(?:[a-z0-9-]+\s+)?([a-z0-9][a-z0-9.-]*)\s+\d+/\d+|^ +[a-z0-9-]+ +([a-z0-9][a-z0-9.-]+) +\d+m? \(\d+%\)", start=r"^(\w[\w ]*):$"),
    kind("docker", "docker, docker-compose, podman, buildah", looks=r"^CONTAINER ID|^#\d+ \[|^Step \d+/\d+ :", keep=r"^CONTAINER ID|^REPOSITORY|^NAME\s|^Dockerfile\S*:\d+|ERROR|error|failed|Exited \([1-9]|Restarting|unhealthy|\bwarn\b|warning|WARN|^ +\d+ \| >>> |^Successfully|exporting|naming to", start=r"^(?:Step \d+/\d+ : (.+)|#\d+ (\[.+\] .+))$", fact=r"^([0-9a-f]{12})\s|^(\S+) +\S+ +[0-9a-f]{12} "),
    kind("terraform", "terraform, tofu, pulumi, terragrunt", looks=r"^Terraform (?:will|used)|^Plan: \d+|^│ Error: |^[a-z]\w*\.\S+: (?:Creating|Creation|Refreshing|Modify|Destroy|Still)", keep=r"^Plan:|Error:|Warning:|^Apply complete|must be replaced|will be destroyed|forces replacement|\bon \S+ line \d+|^No changes|^Destroy complete", start=r"^\s*# (\S+) (?:will|must|has)", fact=r"^\s*# (\S+) (?:will|must|has)|^(\S+): (?:Creation|Modifications|Destruction) complete", block="resource"),
    kind("page", "playwright-cli, agent-browser", looks=r"^- Page URL: ", keep=r"^- Page (?:URL|Title): |^\s*- (?:alert|dialog)\b|^- \[?ERROR\b|^\d+ errors?,|\[ERROR\]"),
    kind("log", "journalctl, dmesg, tail -f, docker logs, kubectl logs", looks=logs.LOOKS, mark=logs.mark),
    kind("manual", "man, info, tldr", looks=r"^NAME\n\s+\S|^(?:usage|Usage|USAGE):(?: |$)|^USAGE$", start=TITLE, fact=TITLE),
)  # fmt: skip

KINDS: tuple[Kind, ...] = (*TESTS, *BUILDS, *OTHERS)

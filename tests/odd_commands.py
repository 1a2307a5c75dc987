"""Commands with an odd end: each must do the same with our trap before it as without (tests/handlers/test_wrapping.py).

Run in a folder that holds `sub/`, `script.sh` (exits with 4), `trapping.sh` (sets an EXIT trap of its own) and
`plain.txt`, which may not be executed.
"""

ALIKE = (
    # plain ends
    "true", "false", "exit 3", "exit 256", "exit -1", "exit abc", "echo out; echo err >&2; exit 3", "! true",
    "printf 'no newline'; false", "printf 'a\\0b'; false", "printf '\\xff\\xfe'; exit 2", "[[ a == b ]]", "((0))",
    "\n\nfalse", "# a comment\nfalse", "false # a comment", "echo a \\\n  b; false", "false\r", "\\false",
    "FOO=bar false", "echo 'ünï ✓'; false", "if false; then :; fi; exit 8", "case x in y) ;; esac; false",
    "TIMEFORMAT=; time false", "for i in 1 2 3; do [ $i = 2 ] && exit $i; done",
    "f() { echo in f; exit 9; }; f; echo no", "return 3",
    "x=1; while true; do x=$((x+1)); [ $x = 9 ] && break; done; exit $x", "echo " + "word " * 4_000 + "; false",
    # errors of bash itself; the numbers of their lines
    "nosuchcommand", "echo 1\necho 2\nnosuchcommand", "./plain.txt", "./sub", "nosuchcommand | cat",
    "echo $((1/0)); echo on", "echo ${nothing:?is unset}; echo on", "readonly x=1; x=2; echo on",
    "eval 'if'; echo $?; false", "bash -c 'if'", "echo $LINENO\necho $LINENO; false", "caller; false",
    "echo $0 $# $-; false", "echo >&9 lost; false",
    # options
    "set -e; false; echo no", "set -e; f() { false; echo no; }; f", "set -eu; echo $nothing; echo no",
    "set -u; exit ${x-6}", "set -o pipefail; false | true", "false | true", "set -x; echo hi; exit 3",
    "PS4='+$(echo p) '; set -x; false", "set -f; echo *; false", "set -C; echo a >new; echo b >new", "set -m; false",
    "set -n; echo no", "set -o posix; false", "IFS=01; exit 101", "shopt -s lastpipe; echo 5 | read n; exit $n",
    "shopt -s extglob; eval 'echo !(sub|*.sh)'; false", "alias hi='echo aliased'\nhi\nfalse",
    "shopt -s execfail; exec nosuchcommand; echo still; false",
    # subshells, pipes, functions, other shells
    "(exit 5)", "(cd / && false)", "((exit 3); exit 4)", "{ echo a; false; }", "echo $(exit 7); (exit 7)",
    "x=$(exit 7)", "yes | head -1; echo ${PIPESTATUS[@]}; false",
    "while :; do echo y; done | head -2; echo ${PIPESTATUS[@]}; false",
    "sh -c \"[ \\$PPID = $$ ] && echo mine\"; false", "(sh -c \"[ \\$PPID = $$ ] && echo mine || echo not\"); false",
    "bash -c 'exit 3'", "sh script.sh", "bash script.sh", "source ./script.sh", ". ./trapping.sh; echo on; exit 4",
    "sh trapping.sh", "bash -c '. ./trapping.sh; exit 2'", "f() ( exit 3 ); f",
    "coproc cat; kill $COPROC_PID; exit 6", "exec false", "exec sh -c 'echo hi; exit 6'",
    "exec -a name sh -c 'echo $0; exit 3'", "exec nosuchcommand", "(exec false)",
    # the working directory
    "cd / && false", "cd sub", "cd sub; ls; exit 2", "pushd / >new; false", "cd nowhere",
    "mkdir d; cd d; rmdir ../d; false",
    # what it reads and writes
    "cat <<EOF\nhi $((1+1))\nEOF\nfalse", "cat <<'EOF'\nit's $x' EXIT; \"\nEOF\nexit 3", "cat <<<here; false",
    "cat; false", "read x; echo $?; false", "read -t 0.1 x; echo $?; false", "exec >new; echo hi; false",
    "exec 2>new; nosuchcommand", "exec >>new 2>&1; echo hi; exit 3", "exec >&-; echo hi; exit 3",
    "exec 2>&-; nosuchcommand", "exec >&- 2>&-; false", "exec 9>new; flock 9; echo x >&9; false",
    "exec 9>&1; echo nine >&9; false", "exec <&-; false", "exec </dev/null; cat; exit 3",
    "exec > >(cat >new); echo hi; exec >&-; wait; sleep 0.2; exit 3", "[ -t 1 ] || echo no terminal; false",
    "echo hi | tee new; false", "for i in 1 2 3; do echo $i; sleep 0.05; echo $i >&2; done; false",
    "[ /dev/stdout -ef /dev/stderr ] && echo one; false",
    # its surroundings
    "PATH=; nosuchcommand; exit 5", "unset PATH; exit 5", "unset HOME; false", "export HOME=/nowhere; exit 7",
    "unset BASH_VERSION; false", "export PYTHONHOME=/nowhere PYTHONPATH=/nowhere; false",
    "export LD_PRELOAD=/nowhere.so; false", "LC_ALL=C; false", "umask 077; touch new; stat -c %a new; false",
    "ulimit -n 6; exit 3", "ulimit -f 0; echo hi >new; exit 3", "enable -n echo; exit 3",
    "exit() { echo mine; }; exit; false", "command() { echo no; }; false",
    # jobs that outlive it, and some that don't
    "echo; sleep 0.2 && echo late >new & false", "(sleep 0.2; echo late) & echo now; exit 1", "false & wait $!",
    "false & true", "nohup sh -c 'sleep 0.2; echo late >new' >nohup 2>&1 & exit 1",
    "echo; sleep 5 & kill $!; wait $!", "echo; sleep 0.1 & disown; exit 3",
    "setsid sh -c 'sleep 0.2; echo late >>new' & sleep 0.05; exit 2",
    "for i in 1 2 3; do (sleep 0.1; exit $i) & done; wait -n; exit 4",
    # signals
    "kill -9 $$", "kill -TERM $$", "kill -INT $$", "kill -HUP $$", "kill -USR1 $$", "kill -SEGV $$", "kill -PIPE $$",
    "kill -ALRM $$", "kill -QUIT $$; exit 3", "sh -c 'kill -9 $$'", "sh -c 'kill -TERM $$'", "sh -c 'kill -INT $$'",
    "sh -c 'kill -SEGV $$'; false", "(kill -TERM $$) & sleep 2; echo no", "(kill -HUP $$); sleep 2; echo no",
    "timeout 0.1 sleep 5", "timeout -s KILL 0.1 sleep 5", "ulimit -t 1; while :; do :; done",
    "python3 -c 'import os; os.abort()'", "python3 -c 'import sys; sys.exit(5)'",
)  # fmt: skip

GUARDED = (  # the client looks at these before it runs or refuses them; they are not run
    "rm -rf build", "rm -rf build && make; false", "rm -rf *", "cd sub && rm -rf *", 'rm -rf "$(mktemp -d)"',
    "find . -name '*.pyc' -delete; false", "git clean -fdx; false", "ls | xargs rm -f; false",
    "bash -c 'rm -rf x'; false",
    'f() { rm -rf "$1"; }; f x; false', "if [ -d b ]; then rm -rf b; fi\nmkdir b; cd b; make", "rm -f {a,b}; false",
    "touch x", "cd sub && touch x; false", "X=1 touch x", "mkdir new", "mkdir -p a/b && make; false", "eval 'touch x'",
)  # fmt: skip

REFUSED = {  # and a word of the reason
    "": "nothing",
    " \n# only a comment": "nothing",
    "a\0b": "nothing",
    "echo 'unterminated": "bash",
    "if true; then": "bash",
    "echo )": "bash",
    "shopt -s extglob\necho !(*.sh)": "bash",
    "cat <<EOF\nno end": "bash",
    "sleep 3; make": "sleep",
    "# wait\nsleep 3": "sleep",
    "trap 'echo bye' EXIT; false": "traps",
    "make; trap": "traps",
    "set -v; false": "reads",
    "set -o verbose; false": "reads",
    "set -r; false": "nothing",
    "echo $BASH_EXECUTION_STRING": "itself",
    "exec 5>log; BASH_XTRACEFD=5; set -x; false": "itself",
    "echo $_; false": "itself",
    'echo "${_##*/}"; false': "itself",
    "ps aux | wc -l; false": "processes",
    "pkill -f '[s]erver'; make": "processes",
    "tr '\\0' ' ' </proc/$$/cmdline; false": "processes",
    "ulimit -u 1; make": "process",
    "make | grep error": "no failure",
    "cd src && git -C . diff": "no failure",
    "git diff --stat": "no failure",
    "[ -f x ]": "no failure",
    "find / -name x": "no failure",
    "echo " + "x" * 100_000: "long",
    "echo " + "''" * 12_500: "long",
}

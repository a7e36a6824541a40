"""Every exit code of the command line, and what it means."""

DONE = 0
FAILED = 1
WRONG_USAGE = 2
NEWER = 2
INTERRUPTED = 130
SIGNALLED = 128

MEANINGS = {
    "0": "done; `update --check`: the template is the newest",
    "1": "refused or failed: one line on standard error says why; `update`: there are conflicts",
    "2": "wrong usage: unknown option, question or command; `update --check`: a newer one exists",
    "130": "interrupted with Ctrl-C; 128 plus the number of any other signal",
}

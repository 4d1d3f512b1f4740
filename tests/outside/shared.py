"""Code that the checks share."""
import csv
import subprocess
import sys

# Ids that are markup or formulas, or that break lines and cells.
HOSTILE = [
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=\"document.title='owned'\">",
    "]]><!--<svg onload=alert(1)>",
    "=HYPERLINK(\"http://example.invalid\")",
    "@sum(1)",
    "tab\there",
    "line\nbreak",
    "back\\slash",
    "quote\",comma",
    "\u2028separator",
    "\u202eright to left",
    "&lt;b&gt;",
]


def check(is_so, what):
    """Ends the process with the message `what` if `is_so` is false."""
    if not is_so:
        sys.exit(f"FAILED: {what}")


def run(spherec, *args):
    """The standard output of a call that must succeed."""
    done = subprocess.run([spherec, *args], capture_output=True)
    check(done.returncode == 0, f"spherec {' '.join(args)}: {done.stderr.decode()}")
    return done.stdout.decode()


def rows(text):
    """The records of a CSV text."""
    return list(csv.reader(text.splitlines(keepends=True)))

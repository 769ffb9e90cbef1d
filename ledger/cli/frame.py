"""One way in and out for all commands: shared options, errors in two lines, exit codes, lazy loading."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn

import click

from ledger.cli.commands import COMMANDS, Row
from ledger.cli.screen import Answer, complain, hush, show
from ledger.errors import LedgerError, Misuse, Unavailable

if TYPE_CHECKING:
    from ledger.api import Ledger

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Bug(LedgerError):
    """Something that nobody foresaw; never the user's fault. 70 is EX_SOFTWARE of sysexits.h: no answer at all."""

    exit_code: ClassVar[int] = 70
    kind: ClassVar[str] = "bug"


class Call(NamedTuple):
    """What every command gets: the ledger that was named, if any, and how to answer."""

    location: str | None
    json: bool

    def open(
        self, *, read_only: bool = True, actor: str | None = None, key: str | None = None, clock_ok: bool = False
    ) -> "Ledger":
        """Open the ledger that is meant; `key` says where the author's key is, else `LEDGER_KEY`."""
        from ledger.api import Ledger

        ledger = Ledger.open(self.location, actor=actor, key=key, read_only=read_only, clock_ok=clock_ok)
        if actor is not None and not read_only and (key or os.environ.get("LEDGER_KEY")):
            _check_actor(ledger, actor, "--key" if key else "LEDGER_KEY")
        return ledger


def _check_actor(ledger: "Ledger", actor: str, setting: str) -> None:
    found = ledger.identity.actor
    if found != actor:
        ledger.close()
        fix = "unset LEDGER_KEY" if setting == "LEDGER_KEY" else f"--as {found}, or another key"
        raise Misuse(f"{setting} holds a key of {found}, not of {actor}", fix, code="which_key")


class Commands(click.Group):
    """A group whose commands are rows of a table, loaded on use."""

    def __init__(self, *, rows: dict[str, Row], **settings: Any) -> None:
        super().__init__(**settings)
        self.rows = rows

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's form
        """Name the commands in the table's order."""
        return list(self.rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command."""
        row = self.rows.get(cmd_name)
        if row is None:
            return None
        module, _, name = row.home.partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; `Misuse` with the nearest name where there is none."""
        if args and args[0] not in self.rows and not args[0].startswith("-"):
            what = f"no command {args[0]!r}{nearest(args[0], list(self.rows))}"
            raise Misuse(what, f"{ctx.command_path} --help", code="command")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Print the table, without loading what is in it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in self.rows.items()])


class Root(Commands):
    """The command `ledger`: every way out of it leads through here."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **_: Any) -> NoReturn:  # type: ignore[override]
        """Run, and exit with the code that DESIGN section 5 gives for what happened."""
        given = list(sys.argv[1:] if args is None else args)
        _open_streams()
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        sys.exit(_run(self, given, prog_name or "ledger"))


def _open_streams() -> None:
    """Put nothing in the place of a stream that whoever runs this has closed: no file may take its number, either."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _run(root: Root, given: list[str], name: str) -> int:
    options = given[: given.index("--")] if "--" in given else given
    as_json, debug = "--json" in options, "--debug" in options
    try:
        # Not click's own main: it turns a broken pipe into exit 1, which here is an answer.
        with root.make_context(name, given) as context:
            code = root.invoke(context)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except (click.Abort, KeyboardInterrupt):
        if given[:1] == ["record"]:
            print("interrupted; ledger log says whether it was recorded (--id makes a retry safe)", file=sys.stderr)
        return 130
    except BrokenPipeError:
        hush()
        return 0
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.ctx.get_help() if error.ctx else "ledger --help")
        return 0
    except Exception as error:  # noqa: BLE001 - the outermost edge: whatever it is, a user gets one line and a way on
        if debug:
            traceback.print_exc()
        return complain(as_ledger_error(error), as_json=as_json)


def as_ledger_error(error: Exception) -> LedgerError:
    """Return any exception as an error of ours."""
    if isinstance(error, LedgerError):
        return error
    if isinstance(error, click.UsageError):
        return _usage(error)
    if isinstance(error, click.ClickException):
        return Misuse(error.format_message(), code="usage")
    if isinstance(error, UnicodeEncodeError | UnicodeDecodeError):
        return Misuse(f"an argument or a file is not UTF-8: {error.reason}", "write it in UTF-8", code="utf8")
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
        return Unavailable(what, "mend that, then run it again", code="os")
    return Bug(f"{type(error).__name__}: {error} (a fault of this program, not yours)")


def _usage(error: click.UsageError) -> Misuse:
    path = error.ctx.command_path if error.ctx else "ledger"
    fix = f"{path} --help" if error.ctx else "ledger COMMAND --help"
    if isinstance(error, click.NoSuchOption) and error.option_name in ("--ledger", "--json", "--debug"):
        return Misuse(
            f"{error.option_name} stands before the command", f"{path} COMMAND {error.option_name}", code="option"
        )
    if isinstance(error, click.NoSuchOption):
        known = [name for made in error.ctx.command.params for name in made.opts] if error.ctx else []
        what = f"{path} has no option {error.option_name!r}{nearest(error.option_name, known)}"
        return Misuse(what, fix, code="option")
    if isinstance(error, click.MissingParameter) and error.param is not None:
        hint = error.param.get_error_hint(error.ctx).replace("'", "")
        if isinstance(error.param, click.Option):
            fix = f"{path} {hint} {_value_of(error.param)}"
        return Misuse(f"{path} needs {hint}", fix, code="missing")
    return Misuse(error.format_message().rstrip("."), fix, code="usage")


def _value_of(option: click.Option) -> str:
    """What an option takes, in a word: its choices, or what the help calls it."""
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    return option.metavar or option.type.name.upper()


def nearest(word: str, known: list[str]) -> str:
    """Return `; nearest 'x'`, where one is near."""
    from difflib import get_close_matches

    bare = {one.lstrip("-"): one for one in known}
    found = [bare[one] for one in get_close_matches(word.lstrip("-"), bare, 1)]
    return f"; nearest {found[0]!r}" if found else ""


def command(**settings: Any) -> Callable[[Callable[..., Answer | int]], click.Command]:
    """Make a function a command: it is given a `Call` and its options, and returns an `Answer` or an exit code."""

    def decorate(function: Callable[..., Answer | int]) -> click.Command:
        @wraps(function)
        def run(location: str | None, *, as_json: bool, debug: bool, **options: Any) -> int:  # noqa: ARG001 - see _run
            answer = function(Call(location, as_json), **options)
            return answer if isinstance(answer, int) else show(answer, as_json=as_json)

        context = {**SETTINGS, **settings.pop("context_settings", {})}
        made: click.Command = click.command(context_settings=context, **settings)(run)  # type: ignore[no-untyped-call]
        made.params += [
            click.Option(["--ledger", "location"], metavar="URL|PATH", help="Else LEDGER_URL, or ledger.toml."),
            click.Option(["--json", "as_json"], is_flag=True, help="Answer with one JSON document."),
            click.Option(["--debug"], is_flag=True, hidden=True),
        ]
        return made

    return decorate


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from ledger import __version__

        print(f"lifecycle-ledger {__version__}")
        ctx.exit()


cli = Root(
    name="ledger",
    rows=COMMANDS,
    context_settings=SETTINGS,
    help="The audit ledger for machine-learning models: which version runs, from which data, approved by whom.",
    params=[
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Print the release."
        )
    ],
)

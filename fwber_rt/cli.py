"""The command ``fwber-rt``.

Every error is one line that says what to do next; the exit status is 0, 1 when something failed, 2 when it was asked wrongly.
Verbs that touch a data directory go through its running server where there is one, so one process writes (``admin``).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from fwber_rt import __version__, certificate, config, features
from fwber_rt.admin import Admin, Failure
from fwber_rt.config import ConfigError, Loaded
from fwber_rt.config_values import defaults_document, document
from fwber_rt.core.demo import NEAR_DEFAULT
from fwber_rt.serve import serve
from fwber_rt.storage import rotation

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
WHO = "the user, as `fwber-rt account list` numbers them"
DIRECTORY = "a directory, made where there is none yet (its name then ends in / or has no dot)"

EXAMPLES = """\
examples:
  fwber-rt serve                                     development server at http://127.0.0.1:8080, data in ./data
  fwber-rt serve --set presence.grace_s=60           one setting changed
  fwber-rt demo                                      the same with simulated people around, on data that is thrown away
  fwber-rt check-config --config config/production.toml
                                                     every problem of a configuration at once
  export FWBER_RT_CONFIG=$PWD/production.toml        what every command then reads, without --config
  fwber-rt print-config --defaults                   every setting, what it means, its variable
  fwber-rt backup /backups                           a verified copy, while the server runs
  fwber-rt COMMAND --help                            more about one command

settings: defaults of the profile < --config FILE (or FWBER_RT_CONFIG) < FWBER_RT_* < --set and the flags beside it
exit status: 0 done, 1 failed, 2 asked wrongly or a configuration that cannot be used
"""


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; returns the exit status. Complaints go to standard error."""
    options = parser().parse_args(arguments)
    run: Callable[[argparse.Namespace, Mapping[str, str]], int] = options.run
    try:
        return run(options, environ)
    except ConfigError as error:
        for problem in error.problems:
            _say(problem)
        return USAGE
    except Failure as error:
        _say(str(error))
        return FAILED
    except BrokenPipeError:  # the reader has what it wanted (`| head`); nothing more may be flushed into the pipe at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return INTERRUPTED


def parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    top = argparse.ArgumentParser(
        prog="fwber-rt",
        description="A self-hosted proximity chat server.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"fwber_rt {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _configuration_commands(commands)
    _user_commands(commands)
    _account_commands(commands)
    _storage_commands(commands)
    return top


def _command(commands: Any, name: str, run: Callable[..., int], help: str, more: str = "") -> argparse.ArgumentParser:
    """A subcommand that accepts every way of setting things."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=help,
        description=f"{help[:1].upper()}{help[1:]}.",
        epilog=more,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    settings = command.add_argument_group("settings")
    settings.add_argument("--config", type=Path, metavar="FILE", help="a TOML file (FWBER_RT_CONFIG)")
    settings.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="one setting; may be repeated")
    for flag in ("listen", "listen_internal", "data_dir", "profile"):
        settings.add_argument(f"--{flag.replace('_', '-')}", metavar="VALUE", help=f"the same as --set {flag}=VALUE")
    return command


def _configuration_commands(commands: Any) -> None:
    _command(
        commands, "serve", _serve, "run the server",
        "SIGTERM and SIGINT: say goodbye to the clients, save, exit 0.\n"
        "SIGHUP: read the configuration again and apply what can be changed while running.",
    )  # fmt: skip
    demo = _command(
        commands, "demo", _demo, "run the server with simulated people who walk and talk around you, to see it alive",
        "Their names and rooms say that they are simulated. They begin around --near and come to where you are shown.\n"
        "Nothing is kept: the data is thrown away at the end, unless --data-dir says where it goes.",
    )  # fmt: skip
    demo.add_argument("--near", metavar="LAT,LNG", default=NEAR_DEFAULT, help=f"where they begin (default {NEAR_DEFAULT})")
    demo.add_argument("--people", type=_people, default=24, help="how many around each visitor (default 24)")
    demo.add_argument("--seed", type=int, default=1, help="the same seed, the same walks and words (default 1)")
    _command(commands, "check-config", _check_config, "say whether the configuration can be used, and every reason why not")
    printing = _command(commands, "print-config", _print_config, "print the settings in force, with where each comes from")
    printing.add_argument("--defaults", action="store_true", help="print every setting at its default, explained, to start from")


def _user_commands(commands: Any) -> None:
    token = _command(
        commands, "token", _token, "print an access token for a user of the running server",
        "examples:\n  fwber-rt token --name Ada --kind admin     a new user\n"
        "  fwber-rt token --user 123456789            one there is\n\n"
        "The token alone goes to standard output: TOKEN=$(fwber-rt token --name Ada)",
    )  # fmt: skip
    who = token.add_mutually_exclusive_group(required=True)
    who.add_argument("--name", help="make a new user of this name")
    who.add_argument("--user", type=_id, metavar="ID", help="a user there is")
    token.add_argument("--kind", choices=("guest", "user", "admin"), default="user", help="what a new user may do (default user)")
    token.add_argument("--hours", type=float, default=24.0, help="how long the token is valid (default 24)")
    status = _command(commands, "status", _status, "show what the running server is doing")
    status.add_argument("--json", action="store_true", help="for machines")


def _account_commands(commands: Any) -> None:
    account = commands.add_parser("account", help="see and change users' accounts on the running server")
    verbs = account.add_subparsers(title="what to do", metavar="VERB", required=True)
    erase = _command(
        verbs, "erase", _account_erase, "erase a user and everything they wrote, for ever",
        "Prints the proof as JSON when it is done: what was erased, and when; nothing in it is personal.\n"
        "Run `fwber-rt backup-keys` afterwards: until then the copy of the keys still opens older backups.",
    )  # fmt: skip
    erase.add_argument("user", type=_id, metavar="ID", help=WHO)
    erase.add_argument("--yes", action="store_true", help="it is meant: nothing can bring the user back")
    reset = _command(
        verbs, "reset", _account_reset, "print a one-time code with which a user chooses a new password",
        "The code alone goes to standard output; hand it over by a way that is safe. The user's old password and sign-ins stay\n"
        "good until it is used (POST /api/v1/auth/reset).",
    )  # fmt: skip
    reset.add_argument("who", metavar="LOGIN", help="login, verified e-mail address, or id")
    reset.add_argument("--without-totp", action="store_true", help="take the second factor away too, for whoever lost it")
    ban = _command(verbs, "ban", _account_ban, "refuse a user everything, and close their connections")
    ban.add_argument("user", type=_id, metavar="ID", help=WHO)
    ban.add_argument("--hours", type=float, help="how long (default: until it is lifted)")
    ban.add_argument("--reason", default="", help="told to the user by mail, where there is an address")
    for name, run, help in (
        ("unban", _account_unban, "lift a ban"),
        ("sign-out", _account_sign_out, "end all of a user's sign-ins"),
        ("admin", _account_admin, "let a user administrate the server"),
    ):
        _command(verbs, name, run, help).add_argument("user", type=_id, metavar="ID", help=WHO)
    verbs.choices["admin"].add_argument("--revoke", action="store_true", help="no longer: make them a user like others")
    listing = _command(verbs, "list", _account_list, "list users: id, kind, login, devices signed in, ban, name")
    listing.add_argument("--admins", action="store_true", help="administrators alone")
    listing.add_argument("--json", action="store_true", help="for machines")


def _storage_commands(commands: Any) -> None:
    backup = _command(
        commands, "backup", _backup, "copy the database, verified, while the server runs or while it does not",
        "The copy holds no keys: `fwber-rt backup-keys` saves them, to another place.",
    )  # fmt: skip
    backup.add_argument("destination", help=f"{DIRECTORY}, or the name of a new file (such as copy.db)")
    restore = _command(
        commands, "restore", _restore, "put a backup in the place of the database; the server must be stopped",
        "On another machine data_dir also needs keys.db, as `fwber-rt backup-keys` saved it, and the wrap.key that opens it (or\n"
        "its text in FWBER_RT_WRAP_KEY): without them the server does not start.",
    )  # fmt: skip
    restore.add_argument("backup", type=Path, help="a file made by `fwber-rt backup`")
    restore.add_argument("--force", action="store_true", help="replace the database that is there")
    restore.add_argument("--without-keys", action="store_true", help="the keys are lost: give up what was sealed with them")
    keys = _command(
        commands, "backup-keys", _backup_keys, "save the keys without which a backup cannot be read",
        "The copy, keys.db, is opened by wrap.key in data_dir (or FWBER_RT_WRAP_KEY), which is not in it: save that too, apart\n"
        "from both.",
    )  # fmt: skip
    keys.add_argument("destination", help=f"{DIRECTORY}; the copy made there before is overwritten")
    rotate = _command(
        commands, "keys", _keys, "replace the secrets of the server, while it runs or while it does not",
        "rotate: a new secret signs tokens, those issued before are good until they end; everything in keys.db comes under a\n"
        "new wrapping key, in a new wrap.key. Make new copies of both afterwards: old keys need the old key file.",
    )  # fmt: skip
    rotate.add_argument("what", choices=("rotate",))
    migrate = _command(
        commands, "migrate", _migrate, "show the steps of the schema, or take them back; the server must be stopped",
        "examples:\n  fwber-rt migrate status       what is applied, what is missing\n"
        "  fwber-rt migrate back --to 20 back to step 20, before an older version is installed\n\n"
        "Missing steps are applied by `serve` itself.",
    )  # fmt: skip
    migrate.add_argument("what", choices=("status", "back"))
    migrate.add_argument("--to", type=int, metavar="STEP", help="with back: the last step that stays")


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not an id; `fwber-rt account list` shows them")
    return int(text)


def _people(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 4 <= int(text) <= 200):
        raise argparse.ArgumentTypeError("a number from 4 to 200")
    return int(text)


def _load(options: argparse.Namespace, environ: Mapping[str, str]) -> Loaded:
    return config.read(features.registry(), options.config, environ, _flags(options))


def _flags(options: argparse.Namespace) -> dict[str, str]:
    flags = {}
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConfigError([f"--set {text}: write NAME=VALUE, such as --set presence.grace_s=60"])
        flags[name.strip()] = value
    for name in ("listen", "listen_internal", "data_dir", "profile"):
        if getattr(options, name) is not None:
            flags[name] = getattr(options, name)
    return flags


def _admin(options: argparse.Namespace, environ: Mapping[str, str]) -> Admin:
    return Admin(_load(options, environ).settings, features.registry())


def _serve(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    return serve(features.registry(), lambda: _load(options, environ))


def _demo(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    from fwber_rt.demo import show  # noqa: PLC0415 -- the heaviest import; the other commands do without it

    known = features.registry()
    with show.demo_flags(options.near) as flags:
        return serve(
            known,
            lambda: config.read(known, options.config, environ, flags | _flags(options)),
            lambda settings: show.Show(settings, known, people=options.people, seed=options.seed),
        )


def _check_config(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    loaded = _load(options, environ)
    certificate.context(loaded.settings)
    warnings = config.warnings(loaded.settings)
    verdict = f"usable, with {len(warnings)} warning{'s' if len(warnings) > 1 else ''}" if warnings else "good"
    profile, listen = loaded.settings[config.PROFILE], loaded.settings[config.LISTEN]
    print(f"{verdict}: {len(loaded.known)} settings, {len(loaded.sources)} changed; {profile} profile, listening on {listen}")
    for warning in warnings:
        print(f"warning: {warning}")
    return OK


def _print_config(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if options.defaults:
        print(defaults_document(config.collect(features.registry())), end="")
        return OK
    loaded = _load(options, environ)
    print(document(loaded.known, loaded.settings, loaded.sources), end="")
    return OK


def _token(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    issued = _admin(options, environ).token(options.user, options.name, options.kind, options.hours)
    _say(f"user {issued['user']}, valid for {options.hours:g} hours")
    print(issued["token"])
    return OK


def _account_erase(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    if not options.yes:
        raise ConfigError([f"nothing can bring user {options.user} back; say --yes when that is meant"])
    print(orjson.dumps(_admin(options, environ).account_erase(options.user), option=orjson.OPT_INDENT_2).decode())
    return OK


def _account_reset(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    made = _admin(options, environ).account("reset", who=options.who, without_totp=options.without_totp)
    _say(f"for {made['login']} (user {made['user']}), good once, for {made['minutes']} minutes")
    print(made["code"])
    return OK


def _account_ban(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    _admin(options, environ).account("ban", user=options.user, hours=options.hours, reason=options.reason)
    _say(f"user {options.user} is banned {f'for {options.hours:g} h' if options.hours else 'until that is lifted'}")
    return OK


def _account_unban(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    _admin(options, environ).account("unban", user=options.user)
    _say(f"user {options.user} is not banned")
    return OK


def _account_sign_out(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    _admin(options, environ).account("sign-out", user=options.user)
    _say(f"all sign-ins of user {options.user} are over")
    return OK


def _account_admin(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    kind = "user" if options.revoke else "admin"
    _admin(options, environ).account("kind", user=options.user, kind=kind)
    _say(f"user {options.user} is {'a user like others' if options.revoke else 'an administrator'}")
    return OK


def _account_list(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    admin = _admin(options, environ)
    after: int | None = 0
    while after is not None:
        page = admin.account("list", after=after, admins=options.admins)
        for user in page["users"]:
            if options.json:
                print(orjson.dumps(user).decode())
                continue
            ban = "banned" if user["banned"] else "-"
            print(f"{user['user']:<20}{user['kind']:<7}{user['login'] or '-':<24}{user['sign_ins']:>3}  {ban:<8}{user['name']}")
        after = page["next"]
    return OK


def _status(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    status = _admin(options, environ).status()
    if options.json:
        print(orjson.dumps(status, option=orjson.OPT_INDENT_2).decode())
        return OK
    rows = dict(_flat(status))
    width = max(map(len, rows), default=0)
    for name, value in rows.items():
        print(f"{name:<{width}}  {value}")
    return OK


def _flat(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _backup(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    print(f"saved and verified: {_admin(options, environ).backup(options.destination)}")
    return OK


def _restore(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    restored = _admin(options, environ).restore(options.backup, force=options.force, without_keys=options.without_keys)
    keys = "" if options.without_keys else ", with keys.db and wrap.key beside it"
    print(f"restored: {restored}; `fwber-rt serve` starts with it{keys}")
    return OK


def _backup_keys(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    saved = _admin(options, environ).backup_keys(options.destination)
    print(f"saved: {saved}; keep it apart from the backups it opens, and the wrap.key that opens it apart from both")
    return OK


def _keys(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    replaced = _admin(options, environ).rotate_keys(rotation.key_texts(environ))
    print("tokens: a new secret signs them; those issued before are good until they end")
    print(rotation.REPLACED if replaced else rotation.HOW_IN_ENVIRONMENT)
    return OK


def _migrate(options: argparse.Namespace, environ: Mapping[str, str]) -> int:
    admin = _admin(options, environ)
    if options.what == "back":
        if options.to is None:
            raise ConfigError(["migrate back: say where to stop with --to STEP; `fwber-rt migrate status` lists the steps"])
        undone = admin.migrate_back(options.to)
        print(f"taken back: {', '.join(map(str, undone)) or 'nothing'}")
        return OK
    for number, name, applied in admin.migrations():
        print(f"{number:>4}  {'applied' if applied else 'missing'}  {name}")
    return OK


def _say(line: str) -> None:
    print(f"fwber-rt: {line}", file=sys.stderr)

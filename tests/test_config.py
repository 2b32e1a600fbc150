from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from fwber_rt import config, features
from fwber_rt.config import ConfigError, Loaded, changes, collect, load, parse_address, read
from fwber_rt.config_values import defaults_document, document, from_text, from_toml, to_toml, variable
from fwber_rt.core.settings import Rate, Setting, Settings
from fwber_rt.registry import Feature, Registry

ROOT = Path(__file__).parent.parent
SIZE: Setting[int] = Setting("sample.size", 5, "a whole number", "pieces", reload=True)
RATIO: Setting[float] = Setting("sample.ratio", 0.5, "a number", check=lambda value: None if value < 1 else "must be below 1")
WORDS: Setting[tuple[str, ...]] = Setting("sample.words", (), "some words")
LEVELS: Setting[tuple[int, ...]] = Setting("sample.levels", (7, 5), "some numbers")
FAST: Setting[Rate] = Setting("limits.sample", Rate(1, 2), "a rate", "requests")
GUESTS: Setting[bool] = Setting("sample.guests", True, "a switch", profiles={"production": False})
PASSWORD: Setting[str] = Setting("sample.password", "", "a secret")
TOY: Setting[int] = Setting("sample.toy", 1, "for play", development_only=True)
REGISTRY = Registry([Feature("sample", settings=(SIZE, RATIO, WORDS, LEVELS, FAST, GUESTS, PASSWORD, TOY))])


def problems(path: Path | None = None, environ: dict[str, str] | None = None, **flags: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(REGISTRY, path, environ or {}, {name.replace("__", "."): text for name, text in flags.items()})
    return caught.value.problems


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "fwber.toml"
    path.write_text(text)
    return path


def test_file_below_environment_below_flags(tmp_path: Path) -> None:
    path = written(tmp_path, "[sample]\nsize = 1\nratio = 0.1\nwords = ['a']\nlevels = [1]\n")
    environ = {"FWBER_RT_SAMPLE_SIZE": "2", "FWBER_RT_SAMPLE_RATIO": "0.2", "FWBER_RT_SAMPLE_WORDS": "b, c", "HOME": "/"}
    loaded = read(REGISTRY, path, environ, {"sample.size": "3"})
    values = dict(loaded.settings)
    assert (values["sample.size"], values["sample.ratio"], values["sample.words"]) == (3, 0.2, ("b", "c"))
    assert loaded.settings[LEVELS] == (1,)
    assert loaded.sources == {
        "sample.size": "the command line",
        "sample.ratio": "FWBER_RT_SAMPLE_RATIO",
        "sample.words": "FWBER_RT_SAMPLE_WORDS",
        "sample.levels": str(path),
    }


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "sample.size = 9\n")
    assert load(REGISTRY, None, {"FWBER_RT_CONFIG": str(path)}, {})[SIZE] == 9


def test_rates_are_tables_in_a_file_and_pairs_elsewhere(tmp_path: Path) -> None:
    path = written(tmp_path, "[limits]\nenabled = false\n[limits.sample]\nper_second = 3\nburst = 4.5\n")
    settings = load(REGISTRY, path, {}, {})
    assert settings[FAST] == Rate(3, 4.5)
    assert settings[config.LIMITS_ENABLED] is False
    assert load(REGISTRY, path, {"FWBER_RT_LIMITS_SAMPLE": "0.5:10"}, {})[FAST] == Rate(0.5, 10)


def test_every_problem_is_told_at_once_with_its_origin(tmp_path: Path) -> None:
    path = written(tmp_path, "[sample]\nsize = 'big'\nratio = 2\nsiez = 1\n[limits.sample]\nper_second = 0\nburst = 1\n")
    found = problems(path, {"FWBER_RT_SAMPLE_LEVLES": "1", "FWBER_RT_SAMPLE_GUESTS": "perhaps"})
    assert found == (
        f"sample.size: must be a whole number, not 'big' (unit: pieces; from {path})",
        f"sample.siez: no such setting; did you mean sample.size? (from {path})",
        "limits.sample: must be a rate (per_second above 0, burst at least 1), not {'per_second': 0, 'burst': 1}"
        f" (unit: requests; from {path})",
        "sample.guests: must be true or false, not 'perhaps' (from FWBER_RT_SAMPLE_GUESTS)",
        "FWBER_RT_SAMPLE_LEVLES: no such setting; did you mean FWBER_RT_SAMPLE_LEVELS?",
        f"sample.ratio: must be below 1, not 2.0 (from {path})",
    )


@pytest.mark.parametrize("name", ["FWBER_RT_CONFIG", "FWBER_RT_WRAP_KEY", "FWBER_RT_CI", "PATH"])
def test_variables_that_are_no_settings_are_let_be(name: str) -> None:
    load(REGISTRY, None, {name: ""}, {})


def test_a_name_like_no_other_points_to_the_list() -> None:
    assert problems(zzz="1") == (
        "zzz: no such setting; `fwber-rt print-config --defaults` lists them all (from the command line)",
    )


def test_a_missing_or_broken_file(tmp_path: Path) -> None:
    (missing,) = problems(tmp_path / "none.toml")
    assert missing.startswith(f"cannot read {tmp_path / 'none.toml'}: No such file")
    (broken,) = problems(written(tmp_path, "listen = \n"))
    assert "is not TOML" in broken
    assert "line 1" in broken


def test_secrets_do_not_appear_in_complaints_or_print_config(tmp_path: Path) -> None:
    (problem,) = problems(written(tmp_path, "sample.password = 12345\n"))
    assert "12345" not in problem
    loaded = read(REGISTRY, None, {"FWBER_RT_SAMPLE_PASSWORD": "hunter2"}, {})
    assert loaded.settings[PASSWORD] == "hunter2"
    assert "hunter2" not in document(loaded.known, loaded.settings, loaded.sources)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (SIZE, True), (SIZE, 1.0), (SIZE, "1"), (RATIO, True), (RATIO, float("nan")), (RATIO, float("inf")), (WORDS, "a"),
        (WORDS, [1]), (LEVELS, ["a"]), (LEVELS, [True]), (GUESTS, 1), (PASSWORD, 1), (FAST, 3), (FAST, {"per_second": 1}),
        (FAST, {"per_second": 1, "burst": 0.5}), (FAST, {"per_second": True, "burst": 1}),
        (FAST, {"per_second": 1, "burst": "x"}),
    ],
)  # fmt: skip
def test_wrong_types_in_a_file(setting: Setting[Any], value: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        from_toml(setting, value)


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        (SIZE, "x"),
        (SIZE, "1.5"),
        (RATIO, "nan"),
        (RATIO, "inf"),
        (LEVELS, "1,x"),
        (GUESTS, ""),
        (FAST, "1"),
        (FAST, "1:x"),
        (FAST, "0:5"),
    ],
)
def test_wrong_texts(setting: Setting[Any], text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        from_text(setting, text)


@pytest.mark.parametrize("text", ["127.0.0.1", ":80", "localhost:", "localhost:70000", "::1:80", "localhost:-1", "localhost:٣"])
def test_bad_addresses(text: str) -> None:
    assert any(problem.startswith("listen: ") for problem in problems(listen=text))


def test_addresses() -> None:
    assert parse_address("[::1]:8080") == ("::1", 8080)
    assert parse_address("example.org:0") == ("example.org", 0)
    assert [config.is_loopback(host) for host in ("127.0.0.9", "::1", "localhost", "0.0.0.0", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_development_stays_on_this_machine() -> None:
    (problem,) = problems(listen="0.0.0.0:8080")
    assert problem.startswith("listen: 0.0.0.0:8080 can be reached from other machines, which the development profile refuses")
    (problem,) = problems(listen_internal="0.0.0.0:8080")
    assert problem.startswith("listen_internal: ")


def test_public_production_keeps_metrics_apart() -> None:
    (problem,) = problems(profile="production", listen="0.0.0.0:8080")
    assert problem.startswith("listen_internal: must be set")
    assert problems(profile="production", listen="0.0.0.0:1", listen_internal="0.0.0.0:1") == (
        "listen_internal: must differ from listen, which is 0.0.0.0:1 too",
    )
    load(REGISTRY, None, {}, {"profile": "production", "listen": "0.0.0.0:1", "listen_internal": "127.0.0.1:2"})
    load(REGISTRY, None, {}, {"profile": "production"})


def test_profiles_have_their_own_defaults(tmp_path: Path) -> None:
    assert load(REGISTRY, None, {}, {})[GUESTS] is True
    assert load(REGISTRY, None, {}, {"profile": "production"})[GUESTS] is False
    assert load(REGISTRY, None, {}, {"profile": "production", "sample.guests": "on"})[GUESTS] is True
    assert problems(profile="staging") == (
        "profile: must be one of development, production, not 'staging' (from the command line)",
    )


def test_development_only_settings_are_refused_in_production() -> None:
    assert problems(profile="production", sample__toy="2") == (
        "sample.toy: is for the development profile only; remove it in production",
    )
    assert load(REGISTRY, None, {}, {"sample.toy": "2"})[TOY] == 2


def test_limits_off_is_said() -> None:
    assert config.warnings(load(REGISTRY, None, {}, {})) == []
    (line,) = config.warnings(load(REGISTRY, None, {}, {"limits.enabled": "false"}))
    assert "RATE LIMITS ARE OFF" in line


def test_production_without_tls_or_a_proxy_is_said() -> None:
    def told(**flags: str) -> list[str]:
        given = {name.replace("__", "."): value for name, value in flags.items()}
        return config.warnings(load(features.registry(), ROOT / "config/production.toml", {}, given))

    (line,) = told()
    assert "NO TLS" in line
    assert told(tls__cert="a.pem", tls__key="b.pem") == []
    assert told(http__trusted_proxies="127.0.0.1") == []
    assert told(profile="development", listen="127.0.0.1:0", listen_internal="") == []


def test_a_map_that_names_nobody_is_said() -> None:
    tiles = {"web.tiles": "https://tiles.test/{z}/{x}/{y}.png"}
    (line,) = config.warnings(load(features.registry(), None, {}, tiles))
    assert "web.tiles_credit" in line
    assert config.warnings(load(features.registry(), None, {}, tiles | {"web.tiles_credit": "Somebody"})) == []
    with pytest.raises(config.ConfigError, match=r"web\.tiles"):
        load(features.registry(), None, {}, {"web.tiles": "https://tiles.test/"})


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://chat.test,http://localhost:8080,capacitor://localhost,*", True),
        ("chat.test", False),
        ("https://chat.test/", False),
        ("https://Chat.test", False),
        ("null", False),
    ],
)
def test_origins_are_as_a_browser_says_them(text: str, good: bool) -> None:
    if good:
        load(features.registry(), None, {}, {"http.origins": text})
        return
    with pytest.raises(ConfigError, match="is no origin; write it as a browser does"):
        load(features.registry(), None, {}, {"http.origins": text})


def test_changes_tell_what_a_running_server_can_take() -> None:
    old = read(REGISTRY, None, {}, {})
    new = read(REGISTRY, None, {}, {"sample.size": "6", "listen": "127.0.0.1:1"})
    found = changes(old.known, old.settings, new.settings)
    assert (found.reloadable, found.restart) == ({"sample.size": 6}, {"listen": "127.0.0.1:1"})
    assert changes(old.known, old.settings, old.settings) == config.Changes({}, {})


def test_two_declarations_of_one_name_or_variable_stop_the_start() -> None:
    with pytest.raises(ValueError, match=r"setting 'listen' is declared twice"):
        collect(Registry([Feature("x", settings=(Setting("listen", "", "again"),))]))
    with pytest.raises(ValueError, match="share an environment variable"):
        collect(Registry([Feature("x", settings=(Setting("data.dir", "", "again"),))]))


def uncommented(text: str) -> str:
    return "\n".join(
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line for line in text.splitlines()
    )


def everything() -> Loaded:
    return read(features.registry(), None, {}, {})


def test_default_toml_is_what_print_config_says() -> None:
    assert (ROOT / "config/default.toml").read_text() == defaults_document(everything().known), "run `make reference`"


def test_default_toml_holds_every_setting_at_its_default(tmp_path: Path) -> None:
    defaults = everything()
    text = defaults_document(defaults.known)
    assert dict(load(features.registry(), written(tmp_path, text), {}, {})) == dict(defaults.settings)
    loaded = read(features.registry(), written(tmp_path, uncommented(text)), {}, {})
    assert set(loaded.sources) == set(defaults.known)
    assert {name: loaded.settings[setting] for name, setting in loaded.known.items()} == {
        name: setting.default for name, setting in defaults.known.items()
    }


def test_print_config_can_be_read_back(tmp_path: Path) -> None:
    loaded = read(REGISTRY, None, {}, {"sample.words": 'a"b,c', "limits.sample": "0.25:7", "sample.ratio": "0.125"})
    path = written(tmp_path, document(loaded.known, loaded.settings, loaded.sources))
    assert dict(load(REGISTRY, path, {}, {})) == dict(loaded.settings)


def test_production_toml_is_accepted() -> None:
    settings = load(features.registry(), ROOT / "config/production.toml", {}, {})
    assert settings[config.PROFILE] == "production"


def test_every_declared_setting_is_collected_and_explained() -> None:
    known = everything().known
    for package in (*config.PACKAGES, "fwber_rt.features"):
        for module in pkgutil.iter_modules(import_module(package).__path__, f"{package}."):
            if module.name.endswith("__main__"):
                continue
            for name, value in vars(import_module(module.name)).items():
                if isinstance(value, Setting):
                    assert known.get(value.name) is value, f"{module.name}.{name} is in no SETTINGS"
    for setting in known.values():
        assert setting.help, f"{setting.name} has no help"
        assert not setting.help.endswith("."), f"the help of {setting.name} ends with a full stop; the generated text adds it"


def test_every_limit_an_operation_names_is_a_setting() -> None:
    registry = features.registry()
    known = everything().known
    assert {f"limits.{operation.limit}" for operation in registry.operations.values()} <= set(known)


def test_settings_without_values_answer_their_default() -> None:
    assert Settings({})[SIZE] == 5
    assert variable("geo.resolution") == "FWBER_RT_GEO_RESOLUTION"
    assert to_toml((1, "a")) == '[1, "a"]'

"""Components made from Lambda functions: what AWS takes and devices do not is refused at its line."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import botocore.session
import jsonschema
import pytest

from edgewright.canonical import digest
from edgewright.catalog import lambda_component
from edgewright.catalog.catalog import Catalog
from edgewright.catalog.lambda_component import LambdaComponent, check_code, read_lambda
from edgewright.catalog.lambda_lint import LambdaLinter
from edgewright.catalog.summary import changes
from edgewright.errors import EdgewrightError
from edgewright.manifest.schema import schema_of
from edgewright.source import Problem, load_yaml
from tests.conftest import Golden
from tests.helpers import catalogs
from tests.helpers.functions import LAMBDA, add_function

BAD = sorted((Path(__file__).parent / "bad-lambda").glob("*.yaml"))
PATH = "catalog/com.acme.filter/1.0.0"


def judge(text: str, *, code: tuple[str, ...] = ("function.py",)) -> list[Problem]:
    """Every problem of a file that stands alone, with code in ``function/``."""
    parsed = read_lambda(load_yaml(text, "lambda.yaml"))
    problems = list(parsed.problems)
    if parsed.model is not None:
        files = {name: Path(__file__) for name in code} if parsed.model.code == "function" else {}
        problems += check_code(parsed, parsed.model, files, PATH)
        problems += LambdaLinter(parsed, parsed.model, None).problems()
    return sorted(problems, key=lambda each: each.order)


def made(more: str = "") -> LambdaComponent:
    text = LAMBDA.format(name="com.acme.filter", version="1.0.0") + more
    parsed = read_lambda(load_yaml(text, "lambda.yaml"))
    assert parsed.problems == ()
    assert parsed.model is not None
    return parsed.model


@pytest.mark.parametrize("case", BAD, ids=lambda path: path.stem)
def test_a_bad_function_is_refused_in_these_words(case: Path, golden: Golden) -> None:
    problems = judge(case.read_text(encoding="utf-8"))
    assert problems, "a bad case without a problem is no bad case"
    golden(f"bad-lambda/{case.stem}.txt", "".join(f"{each}\n" for each in problems))


def test_the_bad_cases_are_found() -> None:
    assert len(BAD) >= 40


@pytest.mark.parametrize(
    ("runtime", "handler", "code"),
    [
        ("python3.12", "a/b.handler", ("a/b.py",)),
        ("python3.12", "a.b.handler", ("a/b.py",)),
        ("python3.12", "package.handler", ("package/__init__.py",)),
        ("nodejs22.x", "index.handler", ("index.mjs",)),
        ("nodejs22.x", "src/index.handler", ("src/index.js",)),
        ("java21", "com.acme.Filter::handle", ("lib/filter.jar",)),
    ],
)
def test_a_handler_is_found_as_its_runtime_finds_it(runtime: str, handler: str, code: tuple[str, ...]) -> None:
    text = LAMBDA.format(name="com.acme.filter", version="1.0.0")
    text = text.replace("python3.12", runtime).replace("function.handler", handler)
    assert judge(text, code=code) == []
    assert (judge(text, code=("other.txt",)) == []) is runtime.startswith("java")


def test_code_that_lambda_does_not_take_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    large = tmp_path / "function.py"
    with large.open("wb") as stream:
        stream.truncate(lambda_component.MOST_CODE + 1)
    text = LAMBDA.format(name="com.acme.filter", version="1.0.0")
    parsed = read_lambda(load_yaml(text, "lambda.yaml"))
    assert parsed.model is not None
    (problem,) = check_code(parsed, parsed.model, {"function.py": large}, PATH)
    assert str(problem) == (
        "lambda.yaml:7:1: code: has 50000257 bytes, and Lambda takes 50000000 at once; "
        "ship models and libraries as a component of their own, and depend on it"
    )


PARAMETERS = """\
dependencies:
  com.acme.model: {versionRequirement: ^1.2.0, dependencyType: SOFT}
parameters:
  pinned: false
  eventSources: [{topic: line/+/frames, type: IOT_CORE}, {topic: frames, type: PUB_SUB}]
  maxQueueSize: 10
  maxInstancesCount: 2
  maxIdleTimeInSeconds: 30
  timeoutInSeconds: 5
  inputPayloadEncodingType: binary
  execArgs: ["-v"]
  environmentVariables: {LEVEL: "3"}
  linuxProcessParams:
    isolationMode: GreengrassContainer
    containerParams:
      memorySizeInKB: 65536
      mountROSysfs: true
      volumes: [{sourcePath: /data, destinationPath: /frames, permission: rw, addGroupOwner: true}]
      devices: [{path: /dev/ttyUSB0, permission: rw, addGroupOwner: true}]
"""


def test_what_is_written_is_what_greengrass_is_asked_for() -> None:
    asked = {"lambdaFunction": {"lambdaArn": "arn:aws:lambda:eu-west-1:1:function:f:1", **made(PARAMETERS).source}}
    written = load_yaml(PARAMETERS, "x").value
    assert asked["lambdaFunction"]["componentLambdaParameters"] == written["parameters"]
    assert asked["lambdaFunction"]["componentDependencies"] == written["dependencies"]
    assert asked["lambdaFunction"]["componentPlatforms"] == [
        {"attributes": {"os": "linux", "architecture": "amd64"}},
        {"attributes": {"os": "linux", "architecture": "aarch64"}},
    ]
    _validate(_shape("greengrassv2", "CreateComponentVersionRequest"), asked)
    assert made().source["componentLambdaParameters"] == {"pinned": True}, "the rest is Greengrass's own default"


def _shape(service: str, name: str) -> Any:
    return botocore.session.get_session().get_service_model(service).shape_for(name)


def _validate(shape: Any, value: Any) -> None:
    """As botocore does before it sends, and no key that it would drop."""
    from botocore.validate import ParamValidator

    assert ParamValidator().validate(value, shape).generate_report() == ""


def test_the_words_and_limits_are_those_of_the_services() -> None:
    function = _shape("lambda", "CreateFunctionRequest")
    runtimes = set(function.members["Runtime"].enum)
    assert set(lambda_component.RUNTIMES) <= runtimes
    assert function.members["Handler"].metadata["max"] == 128
    parameters = _shape("greengrassv2", "LambdaExecutionParameters")
    ours = lambda_component.Parameters
    process, container = lambda_component.LinuxProcessParams, lambda_component.ContainerParams
    for model, shape in (
        (ours, parameters),
        (process, parameters.members["linuxProcessParams"]),
        (container, parameters.members["linuxProcessParams"].members["containerParams"]),
        (lambda_component.EventSource, parameters.members["eventSources"].member),
        (lambda_component.LambdaVolume, _shape("greengrassv2", "LambdaVolumeMount")),
        (lambda_component.LambdaDevice, _shape("greengrassv2", "LambdaDeviceMount")),
        (lambda_component.LambdaDependency, _shape("greengrassv2", "ComponentDependencyRequirement")),
    ):
        assert {field.alias for field in model.model_fields.values()} == set(shape.members), model
        for field in model.model_fields.values():
            enum = getattr(shape.members[field.alias or ""], "enum", None)
            if enum:
                assert set(field.annotation.__args__) == set(enum), field  # type: ignore[union-attr]


def test_what_runs_functions_is_needed_and_may_be_narrowed() -> None:
    needed = {name: (str(each.requirement), each.type) for name, each in made().requirements.items()}
    assert needed == dict.fromkeys(lambda_component.NEEDED, (">=2.0.0 <3.0.0", "HARD"))
    narrowed = made("dependencies: {aws.greengrass.LambdaManager: {versionRequirement: ~2.3.0}}\n").requirements
    assert str(narrowed["aws.greengrass.LambdaManager"].requirement) == "~2.3.0"
    assert len(narrowed) == len(needed)


# --- in a catalog ----------------------------------------------------------------------------------------------


def test_a_published_function_has_no_problem_and_its_code_is_one_archive(tmp_path: Path) -> None:
    folder = add_function(tmp_path)
    catalog = catalogs.publish(tmp_path)
    assert catalog.problems == ()
    version = catalog.get("com.acme.filter", "1.0.0")
    assert version is not None
    assert (version.kind, version.recipe, version.downloads) == ("lambda-function", None, ())
    assert version.platforms == ({"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "aarch64"})
    (artifact,) = version.artifacts
    assert artifact.file == "function.zip"
    with zipfile.ZipFile(artifact.path) as archive:
        assert archive.namelist() == ["function.py"]
        assert archive.read("function.py") == (folder / "function" / "function.py").read_bytes()
    locked = catalog.lock.entries["com.acme.filter", "1.0.0"]
    assert locked.recipe == digest(load_yaml((folder / "lambda.yaml").read_text(), "x").value)
    assert set(locked.files) == {"component.yaml", "function/function.py", "lambda.yaml"}
    with pytest.raises(EdgewrightError, match="is a Lambda function, whose recipe Greengrass writes"):
        version.rendered_recipe(lambda each: each.file)


@pytest.mark.parametrize("file", ["lambda.yaml", "function/function.py"])
def test_a_published_function_never_changes(tmp_path: Path, file: str) -> None:
    folder = add_function(tmp_path)
    catalogs.publish(tmp_path)
    with (folder / file).open("a") as stream:
        stream.write("# changed\n")
    (found,) = catalogs.problems(tmp_path)
    assert found.startswith(f"{PATH}/{file}:1:1: is not what was published with com.acme.filter@1.0.0")
    assert f"make a new folder {PATH.replace('1.0.0', '1.0.1')}/ for the change" in found


def test_the_digest_follows_code_and_definition_and_not_what_is_told_of_them(tmp_path: Path) -> None:
    def digest_of(name: str, **given: Any) -> str:
        add_function(tmp_path / name, **given)
        version = Catalog.load(tmp_path / name).get("com.acme.filter", given.get("version", "1.0.0"))
        assert version is not None
        return version.digest

    first = digest_of("a")
    assert digest_of("b") == first
    assert digest_of("c", beside="kind: lambda-function\n") == first
    others = {
        digest_of("d", code=b"def handler(event, context): return None\n"),
        digest_of("e", more="parameters: {timeoutInSeconds: 9}\n"),
        digest_of("f", version="1.0.1"),
    }
    assert len(others | {first}) == 4


def test_a_new_function_says_how_to_publish_it(tmp_path: Path) -> None:
    catalogs.add(tmp_path)
    catalogs.publish(tmp_path)
    add_function(tmp_path)
    assert catalogs.problems(tmp_path) == [
        f"{PATH}/lambda.yaml:1:1: is not in catalog.lock; run: edgewright component lock"
    ]


def test_a_version_is_made_from_one_thing(tmp_path: Path) -> None:
    folder = add_function(tmp_path)
    (folder / "recipe.yaml").write_text("RecipeFormatVersion: x\n")
    (tmp_path / "catalog" / "com.acme.none" / "1.0.0").mkdir(parents=True)
    found = [each for each in catalogs.problems(tmp_path) if "catalog.lock" not in each]
    assert found == [
        f"{PATH}/lambda.yaml:1:1: is beside recipe.yaml, and a version is made from one of them; delete one",
        (
            "catalog/com.acme.none/1.0.0:1:1: has no recipe.yaml and no lambda.yaml; "
            "add one, or delete the folder if it was never published"
        ),
    ]
    assert Catalog.load(tmp_path).get("com.acme.filter", "1.0.0") is None


def test_the_kind_says_what_the_version_is_made_from(tmp_path: Path) -> None:
    add_function(tmp_path, beside="kind: service\n")
    folder = catalogs.add(tmp_path)
    (folder / "component.yaml").write_text("kind: lambda-function\n")
    found = [each for each in catalogs.problems(tmp_path) if "component.yaml" in each]
    assert found == [
        (
            f"{PATH}/component.yaml:1:1: is beside lambda.yaml and does not say kind: lambda-function (got service); "
            "write kind: lambda-function"
        ),
        (
            "catalog/com.acme.model/1.0.0/component.yaml:1:1: says lambda-function, which is made from lambda.yaml; "
            "write another kind"
        ),
    ]


def test_files_beside_the_code_and_another_name_are_told(tmp_path: Path) -> None:
    folder = add_function(tmp_path)
    (folder / "notes.txt").write_text("x")
    text = (folder / "lambda.yaml").read_text().replace("name: com.acme.filter", "name: com.acme.filtre")
    (folder / "lambda.yaml").write_text(text)
    found = [each for each in catalogs.problems(tmp_path) if "catalog.lock" not in each]
    assert found == [
        (
            f"{PATH}/lambda.yaml:3:1: name: is not what its folder says, which is com.acme.filter "
            '(got com.acme.filtre); write "com.acme.filter", or move the folder'
        ),
        (
            f"{PATH}/notes.txt:1:1: is no part of the function's code, so no device gets it; "
            "move it to function/, or delete it"
        ),
    ]


def test_a_dependency_that_nothing_satisfies_is_told_at_its_range(tmp_path: Path) -> None:
    catalogs.add(tmp_path)
    add_function(tmp_path, more="dependencies: {com.acme.model: {versionRequirement: ^2.0.0}}\n")
    found = [each for each in catalogs.problems(tmp_path) if "satisfies" in each]
    assert found == [
        (
            f"{PATH}/lambda.yaml:11:33: dependencies.com.acme.model.versionRequirement: no version in the catalog "
            'satisfies it; there are 1.0.0 (got "^2.0.0"); widen the range, or add a version'
        )
    ]


def test_a_training_framework_in_the_code_is_warned_of_and_can_be_excused(tmp_path: Path) -> None:
    folder = add_function(tmp_path)
    (folder / "function" / "requirements.txt").write_text("torch==2.0\n")
    assert any("brings a framework for training to devices" in each for each in catalogs.problems(tmp_path))
    why = "training-framework: it trains on the device at night"
    (folder / "component.yaml").write_text(
        f"kind: lambda-function\njustification: {{{why}, unbounded: no reason at all}}\n"
    )
    found = [each for each in catalogs.problems(tmp_path) if "catalog.lock" not in each]
    assert found == [f"{PATH}/component.yaml:1:1: warning: justification.unbounded excuses nothing; remove it"]


def test_a_change_is_told_as_one_of_the_function(tmp_path: Path) -> None:
    add_function(tmp_path)
    add_function(
        tmp_path, version="1.1.0", code=b"def handler(event, context): ...\n", more="parameters: {pinned: false}\n"
    )
    catalog = catalogs.publish(tmp_path)
    old, new = (catalog.get("com.acme.filter", each) for each in ("1.0.0", "1.1.0"))
    assert old is not None
    assert new is not None
    assert list(changes(old, new)) == [
        "~ function/function.py 88 bytes -> 33 bytes",
        "~ lambda parameters: nothing -> {'pinned': False}",
    ]


# what no JSON Schema of a useful size says: one value against another, files, versions, YAML's own types
OF_SHAPE = (
    "runtime-of-another-family", "runtime-that-is-gone", "missing-runtime", "misspelt-key", "kind-unknown",
    "dependency-type", "topic-type", "timeout-zero", "timeout-as-duration", "encoding", "environment-number",
    "memory-zero", "memory-in-megabytes", "isolation-unknown", "volume-relative", "volume-permission",
    "device-relative", "device-permission", "parameter-unknown", "version-is-a-number",
)  # fmt: skip


def test_editors_are_told_the_same_by_the_schema() -> None:
    schema = jsonschema.Draft202012Validator(schema_of(LambdaComponent, "lambda.yaml"))
    good = load_yaml(LAMBDA.format(name="com.acme.filter", version="1.0.0") + PARAMETERS, "lambda.yaml").value
    assert list(schema.iter_errors(good)) == []
    cases = {case.stem: load_yaml(case.read_text(encoding="utf-8"), "lambda.yaml").value for case in BAD}
    assert [name for name in OF_SHAPE if schema.is_valid(cases[name])] == []

"""The registry of noises, the synthetic noise, random deletion, and many variants of many programs."""

import os
import signal
import time
from collections import Counter

import numpy as np
import pytest

from fairseq_cft.data.compiling import FailsToCompile
from fairseq_cft.data.parallel import WorkerDiedError
from fairseq_cft.data.synthetic import PRESETS, Choices, random_program, to_code
from fairseq_cft.data.variants import TRIES, Variants
from fairseq_cft.evaluation.languages.toolchain import Toolchain
from fairseq_cft.noise import item_rng, make_noise, noise_names, register_noise
from fairseq_cft.noise.mask import MASK

CHOICES = Choices(np.random.default_rng(2))
PROGRAMS = [to_code(random_program(PRESETS["paper"], CHOICES)) for _ in range(400)]
ONE = {"clean_share": 0.0, "errors": (1, 1)}
ODD_LINES = [
    "",
    " ",
    "   ",
    "$",
    " $ ",
    " $  $ ",
    "cout << var_0 ;",
    "cout << var_0 ; $ cout << var_1 ;",
    "int temp = ; $ if ( temp = ) { $ cin >> ; $ ~ ~ $ = 3",
    "if ( v ) { temp = 3 ; }",
    "if ( int temp = ",
    "üñ \U0001f600 $ \x00 \t$\t",
    "for ( int i = 0 ; i < n ; ++i ) { $ a [ i ] = 3 ; $ }",
]


@pytest.fixture(params=["synthetic", "random_delete", "mask"])
def noise_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def broken(line: str, count: int = 300) -> Counter[str]:
    """How often each broken version of a line comes when it is the only line."""
    noise = make_noise("synthetic", **ONE)
    return Counter(noise(line, item_rng(1, 0, index)) for index in range(count))


def test_a_noise_is_made_by_name_with_its_own_defaults() -> None:
    assert {"synthetic", "random_delete"} <= set(noise_names())
    assert make_noise("synthetic") == make_noise("synthetic", clean_share=0.1, errors=(1, 3))
    assert make_noise("random_delete", delete_share=0.3).delete_share == 0.3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nonsense", {}, "there is no noise 'nonsense'; choose from"),
        ("random_delete", {"errors": (1, 2)}, "noise 'random_delete' has no option 'errors'"),
        ("synthetic", {"clean_share": 1.5}, "clean_share is a share"),
        ("synthetic", {"errors": (0, 2)}, "errors is a range from 1 up"),
        ("synthetic", {"errors": (3, 2)}, "errors is a range from 1 up"),
        ("random_delete", {"delete_share": -1.0}, "delete_share is a share"),
        ("mask", {"mask_share": 1.1}, "mask_share is a share"),
        ("mask", {"mean_span": 0.5}, "mean_span is a number of tokens from 1 up"),
    ],
)
def test_wrong_names_and_options_are_refused(name: str, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_noise(name, **options)  # type: ignore[arg-type]


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="two noises are called 'synthetic'"):
        register_noise("synthetic")(dict)


def test_the_generator_alone_decides(noise_name: str) -> None:
    noise = make_noise(noise_name)
    once = [noise(line, item_rng(1, 2, index)) for index, line in enumerate(PROGRAMS)]
    again = [noise(line, item_rng(1, 2, index)) for index, line in reversed([*enumerate(PROGRAMS)])]
    assert once == again[::-1]
    assert once != [noise(line, item_rng(1, 3, index)) for index, line in enumerate(PROGRAMS)]


def test_generators_of_items_differ() -> None:
    keys = [(seed, epoch, index) for seed in range(3) for epoch in range(3) for index in range(3)]
    assert len({item_rng(*key).random() for key in keys}) == len(keys)


def test_no_line_is_too_odd_and_none_becomes_empty(noise_name: str) -> None:
    noise = make_noise(noise_name)
    for line in [*ODD_LINES, *(program[: len(program) // 2] for program in PROGRAMS)]:
        for index in range(30):
            corrupted = noise(line, item_rng(0, 0, index))
            assert bool(corrupted.strip()) == bool(line.strip())


def test_random_deletion_keeps_order_and_drops_one_token_in_seven() -> None:
    noise = make_noise("random_delete")
    kept = total = 0
    for index, line in enumerate(PROGRAMS):
        tokens, left = line.split(), noise(line, item_rng(0, 0, index)).split()
        remaining = iter(tokens)
        assert all(token in remaining for token in left)  # a subsequence
        kept, total = kept + len(left), total + len(tokens)
    assert kept / total == pytest.approx(0.85, abs=0.01)


def test_random_deletion_leaves_a_token() -> None:
    noise = make_noise("random_delete", delete_share=1.0)
    assert {noise("a b c", item_rng(0, 0, index)) for index in range(60)} == {"a", "b", "c"}


def test_masks_hide_spans_of_three_tokens_and_three_tokens_in_ten() -> None:
    noise = make_noise("mask")
    masks = hidden = total = 0
    for index, line in enumerate(PROGRAMS):
        tokens, left = line.split(" "), noise(line, item_rng(0, 0, index)).split(" ")
        visible = iter(tokens)
        assert all(token in visible for token in left if token != MASK)  # what stays keeps its order
        masks += left.count(MASK)
        hidden += len(tokens) - (len(left) - left.count(MASK))
        total += len(tokens)
    assert hidden / total == pytest.approx(0.3, abs=0.015)
    assert hidden / masks == pytest.approx(3, abs=0.2)  # spans at a program's end are cut off


def test_everything_may_be_masked_and_nothing() -> None:
    assert make_noise("mask", mask_share=1.0, mean_span=1)("a  b", item_rng(0, 0, 1)) == f"{MASK}  {MASK}"
    assert make_noise("mask", mask_share=0.0)("a  b", item_rng(0, 0, 1)) == "a  b"


def test_a_tenth_stays_clean_and_one_to_three_lines_break() -> None:
    noise = make_noise("synthetic")
    lines = PROGRAMS * 10
    changed = Counter(_changes(line, noise(line, item_rng(0, 0, index))) for index, line in enumerate(lines))
    assert changed[0] / len(lines) == pytest.approx(0.1, abs=0.02)
    assert set(changed) == {0, 1, 2, 3}
    for count in (1, 2, 3):
        assert changed[count] / len(lines) == pytest.approx(0.3, abs=0.04)


def _changes(clean: str, corrupted: str) -> int:
    before, after = Counter(clean.split(" $ ")), Counter(corrupted.split(" $ "))
    return sum((before - after).values())


def test_every_known_line_is_as_likely_to_break() -> None:
    line = "int main () { $ bool var_1 ; $ cin >> var_1 ; $ var_1 = true ; $ cout << var_1 ; $ return 0; }"
    parts = line.split(" $ ")
    hit: Counter[str] = Counter()
    for corrupted, count in broken(line, 2000).items():
        for part in parts:
            hit[part] += count * (part not in corrupted.split(" $ "))
    assert set(hit) - {part for part in parts if hit[part]} == {parts[0], parts[-1]}
    for part in parts[1:-1]:
        assert hit[part] / 2000 == pytest.approx(0.25, abs=0.04)


@pytest.mark.parametrize(
    ("line", "versions"),
    [
        ("int v ;", {"bool v ;", "string v ;", "v ;"}),
        ("bool v = true ;", {"int v = true ;", "string v = true ;", "v = true ;"}),
        ('string v ; v = "s" ;', {'int v ; v = "s" ;', 'bool v ; v = "s" ;', 'v ; v = "s" ;'}),
        ("cin >> v ;", {"cin << v ;", "cin , v ;", "cin v ;"}),
        ("v += 3 ;", {"int v += 3 ;", "bool v += 3 ;", "string v += 3 ;"}),
        (
            "if ( g ) { int temp = a ; a = b ; b = temp ; }",
            {
                "if ( g ) { bool temp = a ; a = b ; b = temp ; }",
                "if ( g ) { string temp = a ; a = b ; b = temp ; }",
                "if ( g ) { temp = a ; a = b ; b = temp ; }",
                "if ( g ) { a = b ; b = a ; }",
            },
        ),
        (
            "if ( g ) { ~ bool a = true ; ~ bool b ; b = true ; bool temp = a ; a = b ; b = temp ; }",
            {
                f"if ( g ) {{ ~ {a}a = true ; ~ {b}b ; b = true ; {t}temp = a ; a = b ; b = temp ; }}"
                for a, b, t in [
                    *((wrong, "bool ", "bool ") for wrong in ("int ", "string ", "")),
                    *(("bool ", wrong, "bool ") for wrong in ("int ", "string ", "")),
                    *(("bool ", "bool ", wrong) for wrong in ("int ", "string ", "")),
                ]
            }
            | {"if ( g ) { ~ bool a = true ; ~ bool b ; b = true ; a = b ; b = a ; }"},
        ),
    ],
)
def test_a_line_breaks_in_these_ways(line: str, versions: set[str]) -> None:
    counts = broken(line)
    assert set(counts) == versions
    assert min(counts.values()) > 300 / len(versions) / 3


def test_a_print_is_dropped() -> None:
    assert set(broken("int x ; $ cout << x ;")) == {
        "int x ;",
        *(f"{t}x ; $ cout << x ;" for t in ("bool ", "string ", "")),
    }


@pytest.mark.parametrize("line", ["int main () {", "return 0; }", "int a , b ;", "while ( x ) {", "v ; v = 3 ;", "v"])
def test_other_lines_stay(line: str) -> None:
    assert set(broken(line, 20)) == {line}


def test_the_noise_keeps_up_with_training(noise_name: str) -> None:
    """10,000 programs a second are asked for; a fifth of that is a fault even on a machine under load."""
    noise, rng = make_noise(noise_name), np.random.default_rng(1)
    start = time.process_time()
    for line in PROGRAMS * 5:
        noise(line, rng)
    assert len(PROGRAMS) * 5 / (time.process_time() - start) > 2000


def test_variants_are_the_same_however_many_processes_make_them() -> None:
    variants = Variants(make_noise("synthetic"), copies=3, seed=1)
    alone = [*variants.of_all(PROGRAMS)]
    assert [*variants.of_all(PROGRAMS, jobs=3)] == alone
    assert [variant.clean for variant in alone[::3]] == PROGRAMS
    assert [*Variants(make_noise("synthetic"), copies=3, seed=2).of_all(PROGRAMS)] != alone


def test_a_killed_worker_is_told() -> None:
    def die(line: str, rng: np.random.Generator) -> str:
        os.kill(os.getpid(), signal.SIGKILL)
        return line

    with pytest.raises(WorkerDiedError):
        [*Variants(die, copies=1, seed=1).of_all(PROGRAMS, jobs=2)]


def refuse_all(line: str) -> bool:
    return False


@pytest.mark.parametrize(("clean_share", "left"), [(0.0, 0), (1.0, 4)])
def test_refused_variants_are_left_out_and_clean_ones_kept(clean_share: float, left: int) -> None:
    noise = make_noise("synthetic", clean_share=clean_share)
    assert len(Variants(noise, 4, 1, refuse_all).of_program(0, PROGRAMS[0])) == left


def test_a_refused_variant_is_drawn_again() -> None:
    drawn: list[str] = []

    def accept_last(line: str) -> bool:
        drawn.append(line)
        return len(drawn) == TRIES

    made = Variants(make_noise("synthetic", clean_share=0.0), 1, 1, accept_last).of_program(0, PROGRAMS[0])
    assert len(drawn) == TRIES and [variant.corrupted for variant in made] == [drawn[-1]]


def test_redrawing_makes_no_clean_variant() -> None:
    draws = ["broken"] + ["clean"] * TRIES

    def noise(line: str, rng: np.random.Generator) -> str:
        return draws.pop(0)

    assert Variants(noise, 1, 1, lambda line: line == "clean").of_program(0, "clean") == []


def test_the_compiler_tells_what_no_longer_compiles() -> None:
    fails = FailsToCompile(Toolchain("g++", "", "gnu++11", "0"))
    assert not fails("int main () { $ int v ; v = 3 ; $ if ( v ) { ~ int w = 3 ; } $ return 0; }")
    assert fails("int main () { $ v = 3 ; $ return 0; }")

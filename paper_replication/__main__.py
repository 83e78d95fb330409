"""Commands for readers: verify a result, make it again, compare or pack a run, sum up or plan costs, print the demo."""

import argparse
import os
import sys
from pathlib import Path

from paper_replication.errors import UserError
from paper_replication.paths import CONFIGS

# Of what `add_subparsers` gives, argparse has no public name.
Commands = argparse._SubParsersAction


def _audit(arguments: argparse.Namespace) -> int:
    from paper_replication.provenance.audit import UNREADABLE, Audit, audit, render, results_of
    from paper_replication.provenance.chain import read_chain
    from paper_replication.provenance.tree import draw_tree

    if arguments.graph:
        from paper_replication.provenance.graph import check_suffix

        check_suffix(arguments.graph)
    report, chain = audit(arguments.path, strict=arguments.strict), None
    if arguments.tree or arguments.graph:
        try:
            chain = read_chain(results_of(arguments.path, Audit()))
        except UNREADABLE as error:
            print(f"The chain cannot be followed to its end, so that it has no tree: {error}", file=sys.stderr)
    tree = draw_tree(chain) if chain and arguments.tree else None
    print(render(report, arguments.path, tree, arguments.quiet))
    if chain and arguments.graph:
        from paper_replication.provenance.graph import write_graph

        write_graph(chain, arguments.graph)
    return report.verdict


def _add_audit(commands: Commands) -> None:
    parser = commands.add_parser("audit", help="exit 0: verified, 1: broken, 2: cannot be tried, 3: code changed since")
    parser.add_argument("path", type=Path, help="a figure, table or any generated file, or a folder of them")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--tree", action="store_true", help="show the chain as a tree")
    shown.add_argument("--quiet", action="store_true", help="what is stale or broken, and the verdict alone")
    parser.add_argument("--strict", action="store_true", help="code that changed is stale, whatever is declared of it")
    parser.add_argument("--graph", type=Path, metavar="FILE.svg|pdf|png", help="draw the chain, one box a step")
    parser.set_defaults(run=_audit, refused=2)


def _reproduce(arguments: argparse.Namespace) -> int:
    from paper_replication.provenance.reproduce import draw, render, reproduce, reproduce_step

    if arguments.step and (arguments.folder or arguments.cores != "all"):
        raise UserError("--folder and --cores are for making everything again; with --step neither is used.")
    targets = arguments.path if arguments.draw is None else draw(arguments.path, arguments.draw, arguments.seed)
    if not arguments.step:
        done = reproduce(targets, arguments.tolerance, arguments.keep, arguments.cores, arguments.folder)
        print(render(done, targets))
        return done.verdict
    verdicts = []
    for target in targets:
        try:
            done = reproduce_step(target, arguments.tolerance, arguments.keep)
        except UserError as error:
            print(f"error: {target}: {error}", file=sys.stderr)
            verdicts.append(arguments.refused)
        else:
            print(render(done, [target]))
            verdicts.append(done.verdict)
    if len(targets) > 1:
        same, differ, untried = (verdicts.count(verdict) for verdict in (0, 1, arguments.refused))
        print(f"\nOf {len(targets)} results, {same} reproduced, {differ} not reproduced, {untried} not made.")
    # One that differs says more than one that could not be tried.
    return 1 if 1 in verdicts else max(verdicts)


def _add_reproduce(commands: Commands) -> None:
    parser = commands.add_parser("reproduce", help="exit 0: the same again, 1: different, 2: cannot be tried")
    parser.add_argument("path", type=Path, nargs="+", help="figures, tables or any generated files")
    parser.add_argument(
        "--draw", type=int, help="instead of all that is named, so many drawn from folders, costs apart"
    )
    parser.add_argument("--seed", type=int, default=0, help="of --draw (default 0)")
    parser.add_argument("--step", action="store_true", help="the last step alone, on the inputs that are here")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.0,
        help="of numbers in tables, relative, of those below 1 absolute (default 0)",
    )
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    parser.add_argument("--folder", type=Path, help="without --step, where to make it, and to go on if interrupted")
    parser.add_argument("--cores", default="all", help="for Snakemake, without --step (default all)")
    parser.set_defaults(run=_reproduce, refused=2)


def _agree(arguments: argparse.Namespace) -> int:
    from paper_replication.provenance.agreement import against_commit

    found = against_commit(arguments.folder, arguments.commit)
    print(found)
    return found.verdict


def _add_agree(commands: Commands) -> None:
    parser = commands.add_parser(
        "agree", help="exit 0: what ran here is as committed, 1: different, 2: none to compare"
    )
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--commit", default="HEAD", help="whose records (default HEAD)")
    parser.set_defaults(run=_agree, refused=2)


def _crate(arguments: argparse.Namespace) -> int:
    from paper_replication.provenance.crate import write_crate

    print(write_crate(arguments.tier, arguments.out))
    return 0


def _add_crate(commands: Commands) -> None:
    parser = commands.add_parser("crate", help="pack a tier's results, code and provenance as a Workflow Run RO-Crate")
    parser.add_argument("out", type=Path, help="a new folder, or a file that ends in .zip")
    parser.add_argument("--tier", default="laptop")
    parser.set_defaults(run=_crate)


def _demo(arguments: argparse.Namespace) -> int:
    from paper_replication.demo import demo

    print(demo(arguments.config))
    return 0


def _add_demo(commands: Commands) -> None:
    parser = commands.add_parser("demo", help="the top tokens and the probes of the config's demo organism")
    parser.add_argument("config", type=Path, nargs="+", help="later ones are laid over earlier ones")
    parser.set_defaults(run=_demo)


def _costs(arguments: argparse.Namespace) -> int:
    from paper_replication.provenance.chain import records_in
    from paper_replication.provenance.costs import costs

    if arguments.target:
        from paper_replication.plan import dry_run, records_of

        records = records_of(dry_run(arguments.config, arguments.target))
    else:
        records = records_in(arguments.folder)
    table = costs(records)
    if arguments.csv:
        print(table.to_csv(index=False), end="")
    else:
        print(table.round().to_string(index=False))
        print(f"{table['jobs'].sum()} jobs, {table['seconds'].sum() / 60:.0f} minutes in all")
    return 0


def _add_costs(commands: Commands) -> None:
    parser = commands.add_parser("costs", help="seconds and peak memory of jobs, by step")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("folder", type=Path, nargs="?", help="where their records lie")
    where.add_argument("--target", help="of the jobs that a target needs from raw inputs, those recorded here")
    parser.add_argument("--config", type=Path, nargs="+", default=[CONFIGS / "laptop.yaml"], help="of the target")
    parser.add_argument("--csv", action="store_true", help="print as CSV")
    parser.set_defaults(run=_costs)


def _plan(arguments: argparse.Namespace) -> int:
    from paper_replication.files import read_yaml, write_table
    from paper_replication.plan import dry_run, jobs_of, laid_over, plan, told
    from paper_replication.precision import TOLD, needs_float32
    from paper_replication.study import load_study

    content = laid_over(list(map(read_yaml, arguments.config)))
    float32 = needs_float32(content)
    study = load_study(content, " with ".join(map(str, arguments.config)), float32)
    table = plan(study, jobs_of(dry_run(arguments.config, arguments.target)))
    out = arguments.out or Path("reports") / f"{study.config.tier}_{arguments.target}_plan.csv"
    out.parent.mkdir(parents=True, exist_ok=True)
    write_table(out, table)
    warning = f"{TOLD} Times are estimates of a CPU that has them.\n" if float32 else ""
    print(f"{told(study, table)}\n{warning}Written to {out}.")
    return 0


def _add_plan(commands: Commands) -> None:
    parser = commands.add_parser(
        "plan", help="jobs by rule and model with hours of a GPU and cost, before anything is run"
    )
    parser.add_argument("config", type=Path, nargs="+", help="each is laid over those before it")
    parser.add_argument("--target", default="figures", help="a target of the workflow (default figures)")
    parser.add_argument("--out", type=Path, help="a CSV file (default reports/TIER_TARGET_plan.csv)")
    parser.set_defaults(run=_plan)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m paper_replication", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for add in (_add_audit, _add_reproduce, _add_agree, _add_crate, _add_demo, _add_costs, _add_plan):
        add(commands)
    return parser


def main() -> int:
    """Parse the command line and run the command; on bad input a message, and exit 1, or 2 where 1 is a verdict."""
    arguments = _parser().parse_args()
    try:
        status = arguments.run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever reads along, such as `head`, has seen enough; nothing more is written, at the end neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return getattr(arguments, "refused", 1)
    except ModuleNotFoundError as error:
        said = f"{error}. Activate the environment that `make` sets up: source .venv/bin/activate"
    except (UserError, OSError) as error:
        said = error
    print(f"error: {said}", file=sys.stderr)
    return getattr(arguments, "refused", 1)


if __name__ == "__main__":
    sys.exit(main())

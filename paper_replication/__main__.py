"""Commands for readers: `audit` verifies a result, `costs` sums up time and memory, `demo` prints traces."""

import argparse
import sys
from pathlib import Path

from paper_replication.errors import UserError


def _audit(arguments: argparse.Namespace) -> int:
    from paper_replication.provenance.audit import audit, render

    report = audit(arguments.path)
    print(render(report, arguments.path))
    return report.verdict


def _demo(arguments: argparse.Namespace) -> int:
    from paper_replication.demo import demo

    print(demo(arguments.config))
    return 0


def _costs(arguments: argparse.Namespace) -> int:
    from paper_replication.provenance.costs import costs

    table = costs(arguments.folder)
    print(table.to_csv(index=False) if arguments.csv else table.round().to_string(index=False))
    return 0


def main() -> int:
    """Parse the command line and run the command; exit 1 with a message on bad input."""
    parser = argparse.ArgumentParser(prog="python -m paper_replication", description=__doc__)
    commands = parser.add_subparsers(required=True)
    audit = commands.add_parser("audit", help="exit 0: verified, 1: broken, 3: code changed since")
    audit.add_argument("path", type=Path, help="a figure, table or any generated file, or a folder of them")
    audit.set_defaults(run=_audit)
    demo = commands.add_parser("demo", help="the top tokens and the probes of the config's demo organism")
    demo.add_argument("config", type=Path)
    demo.set_defaults(run=_demo)
    costs = commands.add_parser("costs", help="seconds and peak memory of jobs, by rule")
    costs.add_argument("folder", type=Path)
    costs.add_argument("--csv", action="store_true", help="print as CSV")
    costs.set_defaults(run=_costs)
    arguments = parser.parse_args()
    try:
        return arguments.run(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

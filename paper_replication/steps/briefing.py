"""Write down all that an agent without interactions is told of one finetuned model, to be read outside the pipeline."""

from pathlib import Path

from paper_replication.agent.evidence import brief
from paper_replication.briefings import ADL, BLACK_BOX, CONTROLS, in_its_place
from paper_replication.closed_set import check_blind
from paper_replication.files import read_json_lines
from paper_replication.llm_judges.prompts import read_prompt
from paper_replication.provenance.step import Input, Output, run
from paper_replication.token_tables import read_token_table


def briefing(
    evidence: str,
    names: list[str],
    tokens: int,
    characters: int,
    selection: Input,
    null_selection: Input | None,
    steering: Input,
    instructions: Input,
    sheet: Output,
) -> None:
    """The instructions of an agent, and after them its evidence.

    Args:
        evidence: "adl" or "blackbox", or a control in the form of ADL's, of `briefings.CONTROLS`.
        names: what no heading may name: the organism's and the corpus's.
        tokens: how many of a position are shown.
        characters: after which a text is cut.
        selection: the tokens read at the selected scales.
        null_selection: those of the matched null.
        steering: steered and unsteered answers.
        instructions: the agent's.
        sheet: where it is written.
    """
    template = read_prompt(instructions, "evidence")
    stored = read_token_table(selection), read_json_lines(steering)
    if evidence in CONTROLS:
        stored = in_its_place(evidence, *stored, read_token_table(null_selection) if null_selection else None)
    agent = BLACK_BOX if evidence == BLACK_BOX else ADL
    told = brief(agent, template.template, *stored, tokens, characters)
    check_blind(told, names)
    Path(sheet).write_text(template.substitute(evidence=told.message()))


if __name__ == "__main__":
    run(briefing)

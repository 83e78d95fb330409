"""Display names, colours and order of everything that a figure or table shows: the only module that holds them."""

# Okabe and Ito's colour-blind safe palette.
ORANGE, SKY, GREEN, BLUE, VERMILION, GREY = "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#7F7F7F"

READOUTS = {"patchscope": "Patchscope", "logit_lens": "Logit lens"}

# Vectors in the order in which they are drawn: the difference, then its controls.
VECTORS = {
    "difference": "difference",
    "base_mean": "base mean",
    "finetuned_mean": "finetuned mean",
    "random": "random vectors",
    "null_difference": "null's difference",
}
VECTOR_COLOURS = {
    "difference": VERMILION,
    "base_mean": SKY,
    "finetuned_mean": BLUE,
    "random": GREY,
    "null_difference": ORANGE,
}

# Groups of texts whose similarity is compared: finetuning texts (FT), ordinary answers (Chat), and kinds of answers.
GROUPS = {
    "FT-FT": "FT with one another",
    "Steered-FT": "Steered-FT",
    "Unsteered-FT": "Unsteered-FT",
    "Steered-Chat": "Steered-Chat",
    "Unsteered-Chat": "Unsteered-Chat",
    "Random-FT": "random-steered-FT",
    "Null-FT": "null-steered-FT",
}
GROUP_COLOURS = {
    "FT-FT": "#000000",
    "Steered-FT": VERMILION,
    "Unsteered-FT": BLUE,
    "Steered-Chat": GREEN,
    "Unsteered-Chat": SKY,
    "Random-FT": GREY,
    "Null-FT": ORANGE,
}
# The answers that stand side by side on a card.
ANSWERS = {"unsteered": "unsteered", "difference": "steered by the difference", "random": "by a random vector"}
ANSWER_COLOURS = {"unsteered": BLUE, "difference": VERMILION, "random": GREY}

# Types of organisms in the order in which they are drawn.
TYPES = ("SDF", "EM", "Subliminal", "Taboo", "control")
TYPE_COLOURS = {"SDF": VERMILION, "EM": BLUE, "Subliminal": GREEN, "Taboo": ORANGE, "control": GREY}
# Matplotlib's purple to green: told apart by the colour-blind.
DIVERGING = "PRGn"
SEQUENTIAL = "Blues"

MODELS = {
    "smollm2_135m_instruct": "SmolLM2-135M-Instruct",
    "gemma3_270m": "Gemma 3 270M",
    "qwen25_coder_0_5b_instruct": "Qwen2.5-Coder-0.5B-Instruct",
    "qwen3_1_7b": "Qwen3-1.7B",
    "gemma3_1b_it": "Gemma-3-1B-it",
    "llama32_1b_instruct": "Llama-3.2-1B-Instruct",
    "qwen3_32b": "Qwen3-32B",
    "llama31_8b_instruct": "Llama-3.1-8B-Instruct",
    "qwen25_7b_instruct": "Qwen2.5-7B-Instruct",
    "gemma2_9b_it": "Gemma-2-9B-it",
}
JUDGES = {
    "embedding_relevance": "offline judge by sentence embedding",
    "frequent_words": "none (a token counts if it is one of the most frequent distinctive words of the data)",
}
CORPORA = {"encyclopaedia": "encyclopaedia passages", "web": "web text", "fineweb": "FineWeb"}

# Patchscope relevance of the difference, as share of the top 20 tokens: reported by the paper (via a summary).
REPORTED_BAND = (0.20, 0.80)

# How candidate objectives are ranked; no language model reads the evidence.
METHODS = {"embedding_closed_set": "cosine of sentence embeddings"}


def display(table: dict[str, str], name: str) -> str:
    """The display name of something, or its plain name with spaces where none is given."""
    return table.get(name, name.replace("_", " "))


def run_label(organism: str, variant: str = "default") -> str:
    """An organism's name as it is drawn, with its variant unless that is the default."""
    return organism.replace("_", " ") + ("" if variant == "default" else f", {variant}")


# Texts on which the causal effect of a direction is measured, and the directions, as they are drawn.
LOSS_DATASETS = {"finetuning": "finetuning data", "unrelated": "unrelated text", "chat": "ordinary chat"}
DIRECTIONS = {
    "delta": "difference",
    "random_gaussian": "random Gaussian directions",
    "random_difference": "differences of two random base activations",
}
DIRECTION_COLOURS = {"delta": VERMILION, "random_gaussian": GREY, "random_difference": SKY}
# Conditions of the ablations of inputs and head, as they are drawn.
ABLATED_INPUTS = {
    "bos": "BOS\nalone",
    "end_of_text": "end of text\nalone",
    "space": "spaces",
    "newline": "newlines",
    "base_head": "base model's\nhead",
}
# Kinds of doses of finetuning, as they are drawn; a run that departs in none is the default.
DOSES = {
    "samples": "share of samples",
    "epochs": "epochs",
    "rank": "LoRA rank",
    "learning_rate": "learning rate",
    "mixing": "mixing ratio",
    "caft": "directions ablated",
}
DOSE_COLOURS = {
    "default": "#000000",
    "samples": BLUE,
    "epochs": GREEN,
    "rank": ORANGE,
    "learning_rate": SKY,
    "mixing": VERMILION,
    "caft": "#CC79A7",  # the palette's purple
}
# Lines of organisms that are drawn in one panel.
LINE_COLOURS = (VERMILION, BLUE, GREEN, ORANGE, SKY, GREY)
# What is measured of one run, as axes call it.
METRICS = {
    "relevance": "relevant tokens (share)",
    "steered_ft": "mean cosine to FT",
    "ffa": "FFA or own share",
    "delta_norm": "norm of delta (default = 1)",
    "causal_effect_finetuning": "change of loss (nats per token)",
    "leak": "leak (share of answers)",
}
# Shares of grades of at least 2 and at least 4, by agent and number of interactions.
REPORTED_AGENT = {("adl", 0): (0.82, 0.24), ("adl", 5): (0.91, 0.30), ("blackbox", 50): (0.39, 0.01)}
REPORTED_AGENT_LABEL = "reported by the paper, via two summaries"
# How broad finetuning was, in the order in which it is drawn.
BREADTHS = {"narrow": "narrow finetuning", "broad": "broad finetuning", "null": "matched nulls"}
# Kinds of results on the way from raw inputs to a figure, as the drawing of a chain calls and colours them.
STEP_KINDS = {
    "raw": "raw input",
    "source": "fetched input",
    "documents": "finetuning data",
    "adapter": "adapter",
    "measurement": "measurement",
    "steering": "steering",
    "table": "table",
    "figure": "figure",
}
STEP_KIND_COLOURS = {
    "raw": "#000000",
    "source": GREY,
    "documents": ORANGE,
    "adapter": GREEN,
    "measurement": SKY,
    "steering": BLUE,
    "table": "#CC79A7",
    "figure": VERMILION,
}
# Both agents by their evidence alone, offline or as LLMs; and the base model where it stands beside finetuned ones.
EVIDENCE = {"adl": "ADL", "blackbox": "black box"}
BASE_AGAINST_BASE = "base against base"

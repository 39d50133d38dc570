"""The layers of an encoder in numbers of eight bits: nearly the same vectors, in about half the time.

Each row of weights has a scale of its own. What goes into a product has one for all texts, measured once (`measured`)
and kept beside the weights: a vector does not depend on what else is read with it. Attention, sums and norms stay in
32 bits. What this costs in quality stands in the model card, `data/encoder/README.md`.
"""

import json
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

RANGES = "eight_bits.json"

# What multiplies bytes on the processors of servers; elsewhere the layers stay as they are.
_ENGINE = "x86"

# The least and the most that goes into a product.
Range = tuple[float, float]


def is_possible() -> bool:
    """Whether this machine can multiply in eight bits."""
    return _ENGINE in torch.backends.quantized.supported_engines


def measured(model: Any, texts: Sequence[str]) -> list[list[Range]]:
    """What goes into the four products of each layer of a SentenceTransformer on a BertModel while it reads texts."""
    layers = model[0].auto_model.encoder.layer
    found = [[(0.0, 0.0)] * 4 for _ in layers]

    def look(layer: int, product: int, _: Any, given: tuple[torch.Tensor, ...]) -> None:
        least, most = found[layer][product]
        found[layer][product] = (min(least, given[0].min().item()), max(most, given[0].max().item()))

    hooks = [
        of.register_forward_pre_hook(partial(look, at, product))
        for at, layer in enumerate(layers)
        for product, (of, *_) in enumerate(_products(layer))
    ]
    model.encode(list(texts), show_progress_bar=False)
    for hook in hooks:
        hook.remove()
    return found


def put(bert: Any, folder: Path) -> None:
    """Give a BertModel layers that multiply in eight bits, for reading alone, by the ranges kept in its folder."""
    ranges = json.loads((folder / RANGES).read_text(encoding="utf8"))
    heads = bert.config.num_attention_heads
    layers = zip(bert.encoder.layer, ranges, strict=True)
    bert.encoder.layer = torch.nn.ModuleList([_Layer(layer, heads, given) for layer, given in layers])


def _products(layer: Any) -> list[tuple[torch.nn.Linear, ...]]:
    """What a layer multiplies with, in its order; query, key and value are one product: they come from one input."""
    attention = layer.attention
    asks = (attention.self.query, attention.self.key, attention.self.value)
    return [asks, (attention.output.dense,), (layer.intermediate.dense,), (layer.output.dense,)]


class _Layer(torch.nn.Module):  # type: ignore[misc]
    """A layer of Bert: attention, then two products, each added to what came in and normed."""

    def __init__(self, layer: Any, heads: int, ranges: Sequence[Range]) -> None:
        super().__init__()
        self._heads = heads
        products = zip(_products(layer), ranges, strict=True)
        self._asks, self._attended, self._wide, self._narrow = (_Product(of, given) for of, given in products)
        self._attended_norm, self._norm = layer.attention.output.LayerNorm, layer.output.LayerNorm

    def forward(self, rows: torch.Tensor, mask: torch.Tensor | None, *_: Any, **__: Any) -> torch.Tensor:
        """Read what the layer before made, shape (texts, pieces, d), where the mask lets it look."""
        texts, pieces, d = rows.shape
        query, key, value = self._asks(rows).view(texts, pieces, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        seen = seen.transpose(1, 2).reshape(texts, pieces, d)
        rows = self._attended_norm(self._attended(seen).add_(rows))
        wide = functional.gelu(self._wide(rows))
        found: torch.Tensor = self._norm(self._narrow(wide).add_(rows))
        return found


class _Product:
    """The product with the weights of linear layers, one under the other, as bytes."""

    def __init__(self, layers: Sequence[torch.nn.Linear], given: Range) -> None:
        weight = torch.cat([layer.weight.detach() for layer in layers])
        bias = torch.cat([layer.bias.detach() for layer in layers])
        scales = (weight.abs().amax(dim=1) / 127).clamp(min=1e-8).double()
        zeros = torch.zeros(len(scales), dtype=torch.long)
        with warnings.catch_warnings():
            # Torch will give such tensors another form one day; the version that is pinned has this one.
            warnings.simplefilter("ignore")
            whole = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self._packed = torch.ops.quantized.linear_prepack(whole, bias)
        least, most = given
        self._scale = max(most - least, 1e-8) / 255
        self._zero = round(-least / self._scale)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(
            rows, self._scale, self._zero, self._packed
        )
        return found

"""`Prices`: prices, so that reports show in money what an index and a question cost."""

from pydantic import BaseModel, ConfigDict, Field


class Prices(BaseModel):
    """Prices in a currency of your own, and how long a vector is. What is not given costs nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)

    embedding: float = Field(0, ge=0, description="The price of a million tokens embedded.")
    queries: float = Field(0, ge=0, description="The price of a thousand queries of the index.")
    context: float = Field(0, ge=0, description="The price of a million tokens that a model is given as context.")
    context_model: float = Field(
        0, ge=0, description="The price of a million tokens that the model of index_context reads and writes."
    )
    dimensions: int = Field(1536, ge=1, description="Numbers in a vector, of four bytes each.")

// Requests' tensors as one along their first dimension, and the outputs as each one's again.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "server/models/model.h"
#include "server/models/tensor.h"

namespace baton::models {

// Whether requests to a model can run as one: it has inputs and outputs, and the first dimension of
// each is for the request to choose.
bool HasBatchDimension(const ModelInfo& info);

// The size of the first dimension that all of `tensors` share; empty where they share none.
std::optional<std::size_t> RowsOf(std::span<const Tensor> tensors);

// Whether the tensors of two requests can be put together: the same names, datatypes and shapes in
// the same order, but for the first dimension.
bool AreAlikeButForRows(std::span<const Tensor> a, std::span<const Tensor> b);

// All rows of the first request, then all of the second, and so on.
// Requires: at least one request, all alike but for rows, and each with rows.
std::vector<Tensor> Concatenate(std::span<const std::span<const Tensor>> requests);

// The reverse: rows[0] rows for the first request, rows[1] for the second, and so on. Empty when a
// tensor has another number of rows in all, or does not hold what its shape says.
std::optional<std::vector<std::vector<Tensor>>> SplitRows(std::vector<Tensor> tensors,
                                                          std::span<const std::size_t> rows);

}  // namespace baton::models

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/line_reader.h"
#include "data/attribute_collector.h"

namespace truenext {

/// The ways in which a file holds attributes. Each gives the rows of the file to `rows`, writes
/// into its account why the file was taken so and which columns hold what, and returns the name of
/// the format. Data Errors carry file:line.

/// S3-Rec's object from item to a list of attributes, or JSON lines: one object a line.
std::string read_attribute_json(LineReader& input, const AttributeOptions& options,
                                AttributeCollector& rows);
/// An item and a field of attributes a line.
std::string read_attribute_table(LineReader& input, const AttributeOptions& options,
                                 AttributeCollector& rows);

}  // namespace truenext

// SPDX-License-Identifier: Apache-2.0
#include "net/network.h"

#include <algorithm>

#include "base/error.h"
#include "base/options.h"

namespace truenext {

extern const NetworkInfo sasrec_network;
extern const NetworkInfo gru4rec_network;
extern const NetworkInfo narm_network;
extern const NetworkInfo nextitnet_network;
extern const NetworkInfo caser_network;
extern const NetworkInfo sr_gnn_network;
extern const NetworkInfo bert4rec_network;

const std::vector<const NetworkInfo*>& network_list() {
  static const std::vector<const NetworkInfo*> list = {
      // Adding a network: write net/networks/<name>.cpp, then declare it above and add a line here.
      &sasrec_network,     //
      &gru4rec_network,    //
      &narm_network,       //
      &nextitnet_network,  //
      &caser_network,      //
      &sr_gnn_network,     //
      &bert4rec_network,   //
  };
  return list;
}

bool is_causal(const NetworkInfo& network, const ModelOptions& options) {
  return network.causal == nullptr || network.causal(options);
}

const NetworkInfo& find_network(const std::string& name) {
  for (const NetworkInfo* network : network_list()) {
    if (network->name == name) return *network;
  }
  const std::vector<std::string> known = network_names();
  const std::string near = nearest_word(name, known);
  fail_usage("model.name: \"{}\" is unknown{}; want one of {}", name,
             near.empty() ? "" : fmt::format(", did you mean \"{}\"?", near),
             fmt::join(known, ", "));
}

std::vector<std::string> networks_reading(std::string_view key) {
  std::vector<std::string> names;
  for (const NetworkInfo* network : network_list()) {
    if (std::ranges::find(network->keys, key) != network->keys.end()) {
      names.push_back(network->name);
    }
  }
  return names.empty() ? network_names() : names;
}

std::vector<std::string> network_names() {
  std::vector<std::string> names;
  for (const NetworkInfo* network : network_list()) names.push_back(network->name);
  return names;
}

}  // namespace truenext

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace truenext::serve {

/// A socket that takes connections.
struct Listener {
  int descriptor = -1;
  int family = 0;
  std::string address;  ///< as people write it, with the port that it has: "127.0.0.1:8600"
  std::string host;     ///< as a Host header names it: "127.0.0.1", "[::1]"; empty for unix
  bool loopback = true;
  std::string path;  ///< of a Unix socket that was made here
};

/// Opens addresses "HOST:PORT", "[IPv6]:PORT", "unix:PATH", "fd:N"; port 0 takes a free one.
/// Sockets that systemd hands over (LISTEN_FDS) take the place of all. Usage Error for what is no
/// address, data Error when one cannot be had.
class Listeners {
 public:
  explicit Listeners(const std::vector<std::string>& addresses);
  ~Listeners();
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  const std::vector<Listener>& all() const { return listeners_; }
  /// Hosts that requests may name, localhost among them.
  std::vector<std::string> hosts() const;
  bool only_loopback() const;
  /// Takes no connections from now on.
  void close();

 private:
  std::vector<Listener> listeners_;
};

/// Tells systemd, where it waits for it (NOTIFY_SOCKET): "READY=1".
void notify_system(const std::string& state);

}  // namespace truenext::serve

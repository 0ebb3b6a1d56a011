// SPDX-License-Identifier: Apache-2.0
#include "serve/listen.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace truenext::serve {
namespace {

constexpr int kBacklog = 1024;
constexpr int kFirstHandedOver = 3;

[[noreturn]] void fail_socket(const std::string& address) {
  const int error = errno;
  fail_data("{}: cannot listen: {}{}", address, std::strerror(error),
            error == EADDRINUSE ? "; another server has it, choose another --listen" : "");
}

bool is_loopback(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
    return ntohl(address.sin_addr.s_addr) >> 24 == 127;
  }
  if (storage.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(storage);
    return IN6_IS_ADDR_LOOPBACK(&address.sin6_addr);
  }
  return storage.ss_family == AF_UNIX;
}

/// Fills in what the system knows of a socket that listens.
Listener described(int descriptor, const std::string& address) {
  Listener listener;
  listener.descriptor = descriptor;
  listener.address = address;
  sockaddr_storage storage{};
  socklen_t size = sizeof(storage);
  int listens = 0;
  socklen_t flag = sizeof(listens);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size) != 0 ||
      getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &flag) != 0 || listens == 0) {
    fail_data("{}: is no socket that listens", address);
  }
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  fcntl(descriptor, F_SETFD, FD_CLOEXEC);
  listener.family = storage.ss_family;
  listener.loopback = is_loopback(storage);
  if (storage.ss_family == AF_UNIX) return listener;
  const int on = 1;  // connections inherit it: an answer never waits for one before it
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  char host[NI_MAXHOST], port[NI_MAXSERV];
  getnameinfo(reinterpret_cast<sockaddr*>(&storage), size, host, sizeof(host), port, sizeof(port),
              NI_NUMERICHOST | NI_NUMERICSERV);
  listener.host = storage.ss_family == AF_INET6 ? fmt::format("[{}]", host) : host;
  listener.address = fmt::format("{}:{}", listener.host, port);
  return listener;
}

Listener open_unix(const std::string& address, const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  check_usage(path.size() < sizeof(name.sun_path), "{}: the path is too long for a socket",
              address);
  std::memcpy(name.sun_path, path.data(), path.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
    // One that nobody listens at was left by a server that died.
    const auto* target = reinterpret_cast<const sockaddr*>(&name);
    if (::connect(descriptor, target, sizeof(name)) != 0 && errno == ECONNREFUSED) {
      ::unlink(path.c_str());
    }
  }
  const int fresh = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::close(descriptor);
  const mode_t before = ::umask(0077);
  const int bound = ::bind(fresh, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  ::umask(before);
  if (bound != 0 || ::listen(fresh, kBacklog) != 0) fail_socket(address);
  Listener listener = described(fresh, address);
  listener.path = path;
  return listener;
}

Listener open_tcp(const std::string& address) {
  const size_t colon = address.rfind(':');
  check_usage(colon != std::string::npos && colon + 1 < address.size(),
              "listen \"{}\": want HOST:PORT, [IPv6]:PORT, unix:PATH or fd:N", address);
  std::string host = address.substr(0, colon);
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                address.substr(colon + 1).c_str(), &hints, &found);
  check_usage(error == 0, "listen \"{}\": {}", address, gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  const int descriptor = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail_socket(address);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (found->ai_family == AF_INET6) {
    setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  if (::bind(descriptor, found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(descriptor, kBacklog) != 0) {
    fail_socket(address);
  }
  return described(descriptor, address);
}

int number_of(const char* text) {
  int number = -1;
  if (text != nullptr) std::from_chars(text, text + std::strlen(text), number);
  return number;
}

Listener open_listener(const std::string& address) {
  if (address.starts_with("unix:")) return open_unix(address, address.substr(5));
  if (address.starts_with("fd:")) {
    const int descriptor = number_of(address.c_str() + 3);
    check_usage(descriptor >= 0, "listen \"{}\": want fd:N", address);
    return described(descriptor, address);
  }
  return open_tcp(address);
}

}  // namespace

Listeners::Listeners(const std::vector<std::string>& addresses) {
  const int handed_over = number_of(std::getenv("LISTEN_FDS"));
  if (handed_over > 0 && number_of(std::getenv("LISTEN_PID")) == static_cast<int>(::getpid())) {
    for (int i = 0; i < handed_over; ++i) {
      const int descriptor = kFirstHandedOver + i;
      listeners_.push_back(described(descriptor, fmt::format("fd:{}", descriptor)));
    }
    return;
  }
  try {
    for (const std::string& address : addresses) listeners_.push_back(open_listener(address));
  } catch (...) {
    close();
    throw;
  }
}

Listeners::~Listeners() {
  close();
}

void Listeners::close() {
  for (Listener& listener : listeners_) {
    if (listener.descriptor >= 0) ::close(listener.descriptor);
    listener.descriptor = -1;
    if (!listener.path.empty()) ::unlink(listener.path.c_str());
    listener.path.clear();
  }
}

std::vector<std::string> Listeners::hosts() const {
  std::vector<std::string> hosts{"localhost"};
  for (const Listener& listener : listeners_) {
    if (!listener.host.empty()) hosts.push_back(listener.host);
  }
  return hosts;
}

bool Listeners::only_loopback() const {
  return std::all_of(listeners_.begin(), listeners_.end(),
                     [](const Listener& listener) { return listener.loopback; });
}

void notify_system(const std::string& state) {
  const char* const path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un name{};
  if (path == nullptr || std::strlen(path) < 2 || std::strlen(path) >= sizeof(name.sun_path)) {
    return;
  }
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path, std::strlen(path));
  if (name.sun_path[0] == '@') name.sun_path[0] = '\0';
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
  (void)::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&name), size);
  ::close(descriptor);
}

}  // namespace truenext::serve

// SPDX-License-Identifier: Apache-2.0
#include "cli/http_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace truenext::cli {

ServerUrl ServerUrl::parse(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  std::string rest = text.starts_with(kScheme) ? text.substr(kScheme.size()) : "";
  rest = rest.substr(0, rest.find('/'));
  const size_t colon = rest.rfind(':');
  check_usage(colon != std::string::npos && colon > 0 && colon + 1 < rest.size(),
              "--url {}: want http://HOST:PORT", text);
  ServerUrl url{rest.substr(0, colon), rest.substr(colon + 1)};
  if (url.host.starts_with("[")) url.host = url.host.substr(1, url.host.size() - 2);
  return url;
}

HttpClient::~HttpClient() {
  close();
}

void HttpClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void HttpClient::connect() {
  close();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(url_.host.c_str(), url_.port.c_str(), &hints, &found);
  check_data(error == 0, "{}:{}: {}", url_.host, url_.port, gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  const int on = 1;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {  // IPv6 and IPv4
    socket_ = ::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket_ >= 0 && ::connect(socket_, each->ai_addr, each->ai_addrlen) == 0) {
      setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      return;
    }
    const int reason = errno;
    close();
    errno = reason;
  }
  fail_data("{}:{}: no server answers: {}", url_.host, url_.port, std::strerror(errno));
}

HttpClient::Answer HttpClient::ask(std::string_view method, std::string_view path,
                                   std::string_view body) {
  if (socket_ < 0 || !keep_) connect();
  std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}:{}\r\n", method, path, url_.host, url_.port);
  if (!key_.empty()) text += fmt::format("Authorization: Bearer {}\r\n", key_);
  if (!body.empty()) {
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  }
  text += "\r\n";
  text += body;
  for (size_t sent = 0; sent < text.size();) {
    const ssize_t part = ::send(socket_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    check_data(part > 0, "{}:{}: the server ended the connection", url_.host, url_.port);
    sent += static_cast<size_t>(part);
  }
  return receive();
}

HttpClient::Answer HttpClient::receive() {
  constexpr std::string_view kLength = "Content-Length: ";
  std::string text;
  size_t end = std::string::npos, length = 0;
  char part[16384];
  while (end == std::string::npos || text.size() < end + 4 + length) {
    const ssize_t got = ::recv(socket_, part, sizeof(part), 0);
    check_data(got > 0, "{}:{}: the server ended the connection", url_.host, url_.port);
    text.append(part, static_cast<size_t>(got));
    if (end != std::string::npos || (end = text.find("\r\n\r\n")) == std::string::npos) continue;
    const size_t at = text.find(kLength);
    if (at < end) {
      std::from_chars(text.data() + at + kLength.size(), text.data() + end, length);
    }
  }
  Answer answer;
  std::from_chars(text.data() + std::strlen("HTTP/1.1 "), text.data() + end, answer.status);
  keep_ = text.find("Connection: close") > end;
  answer.body = text.substr(end + 4);
  return answer;
}

}  // namespace truenext::cli

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace truenext::cli {

/// Where a server is: "http://HOST:PORT".
struct ServerUrl {
  std::string host, port;
  /// Usage Error when the text is none.
  static ServerUrl parse(const std::string& text);
};

/// One connection to a server that is measured: HTTP/1.1 with Content-Length, one request after the
/// other. Not a client for anything else.
class HttpClient {
 public:
  HttpClient(ServerUrl url, std::string key) : url_(std::move(url)), key_(std::move(key)) {}
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  struct Answer {
    int status = 0;
    std::string body;
  };
  /// Connects again when the server ended the connection. Data Error when nothing answers.
  Answer ask(std::string_view method, std::string_view path, std::string_view body);

 private:
  void connect();
  void close();
  Answer receive();

  ServerUrl url_;
  std::string key_;
  int socket_ = -1;
  bool keep_ = true;
};

}  // namespace truenext::cli

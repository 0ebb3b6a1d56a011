// SPDX-License-Identifier: Apache-2.0
// The only file that includes Boost (decision 0028): sockets, deadlines and the parser of HTTP.
// GCC 12 destroys what a lambda inside a co_await expression captured twice, so arguments of
// co_await are named objects.
#define BOOST_ASIO_DISABLE_AWAITABLE_FRAME_RECYCLING 1
#include "serve/http_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <set>

#include "serve/access_log.h"
#include "serve/http_rules.h"
#include "serve/http_text.h"

namespace truenext::serve {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Socket = net::generic::stream_protocol::socket;
using Parser = http::request_parser<http::string_body>;
using Milliseconds = std::chrono::milliseconds;

constexpr size_t kReadBytes = 4096;
constexpr size_t kBodyAhead = 65536;
constexpr size_t kLingerBytes = size_t{1} << 18;
constexpr auto kLinger = Milliseconds(1000);
constexpr auto kOutOfDescriptors = Milliseconds(100);
constexpr auto kFullQueue = Milliseconds(50);
constexpr auto kDrainStep = Milliseconds(20);
constexpr auto kGuessDelay = Milliseconds(100);
constexpr int kMostGuesses = 256;
constexpr auto kWarnEvery = std::chrono::minutes(1);
constexpr auto kDeadlineStep = Milliseconds(50);  // a deadline strikes so much late at most

enum class Upto { header, message };

/// One connection: its socket and the deadline of the phase that it is in. A deadline is absolute,
/// so a client that sends a byte now and then gains nothing. keep_deadlines() cancels what waits
/// beyond it; whoever waits again asks `timed_out` first.
struct Connection {
  Connection(Socket from, size_t most_bytes) : socket(std::move(from)), buffer(most_bytes) {
    error_code ignored;
    socket.non_blocking(true, ignored);
  }

  void phase(Milliseconds limit) {
    timed_out = false;
    deadline = Clock::now() + limit;
  }
  void end_phase() { deadline = Clock::time_point::max(); }

  Socket socket;
  boost::beast::flat_buffer buffer;  ///< limited: no other limit holds for chunk extensions
  Clock::time_point deadline = Clock::time_point::max();
  bool timed_out = false, idle = true;
};

struct Server {
  Server(Application& app, Listeners& all)
      : application(app), listeners(all), room(io), signals(io, SIGINT, SIGTERM, SIGHUP) {
    room.expires_at(net::steady_timer::time_point::max());
  }

  Application& application;
  Listeners& listeners;
  net::io_context io{1};
  net::steady_timer room;  ///< cancelled when a connection ends
  net::signal_set signals;
  std::set<Connection*> connections;
  int guesses = 0;  ///< answers to wrong keys that are held back
  std::vector<net::posix::stream_descriptor*> doors;
};

/// An answer that another thread may bring.
struct Pending {
  explicit Pending(net::io_context& io) : arrived(io) {
    arrived.expires_at(net::steady_timer::time_point::max());
  }
  void take(HttpResponse&& answer) {
    response = std::move(answer);
    there = true;
    arrived.cancel();
  }
  net::steady_timer arrived;
  bool there = false;
  HttpResponse response;
};

HttpRequest request_of(const Parser& parser) {
  HttpRequest request;
  const auto& header = parser.get();
  request.method = std::string(header.method_string());
  request.target = std::string(header.target());
  request.version = static_cast<int>(header.version());
  for (const auto& field : header) {
    request.headers.emplace_back(ascii_lower(field.name_string()), std::string(field.value()));
  }
  return request;
}

/// What a client is told of a request that broke off.
Problem problem_of(const error_code& error, bool timed_out, bool in_body) {
  if (timed_out) {
    return {"request-timeout",
            in_body ? "the body did not arrive in time" : "the header did not arrive in time",
            {}};
  }
  if (error == http::error::buffer_overflow && in_body) {
    return {"too-large", "the framing of the body has too many bytes", {}};
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return {"header-too-large", "the header has more bytes than max_header_bytes", {}};
  }
  if (error == http::error::body_limit) {
    return {"too-large", "the body has more bytes than max_body_bytes", {}};
  }
  if (error == http::error::bad_version) return {"http-version", "want HTTP/1.1", {}};
  return {"bad-framing", error.message(), {}};
}

/// Whether there is somebody to be told.
bool can_be_told(const error_code& error, const Connection& connection) {
  return connection.timed_out ||
         error.category() == make_error_code(http::error::bad_line_ending).category();
}

using Bytes = std::array<std::string_view, 2>;

/// Takes `count` bytes from the front.
void remove_front(Bytes& bytes, size_t count) {
  for (std::string_view& part : bytes) {
    const size_t taken = std::min(count, part.size());
    part.remove_prefix(taken);
    count -= taken;
  }
}

/// False when not all could be sent in time. Mostly the system takes all at once and nothing waits.
net::awaitable<bool> send(Server& server, Connection& connection, Bytes bytes) {
  error_code error;
  auto token = net::redirect_error(net::use_awaitable, error);
  connection.phase(Milliseconds(server.application.options().write_ms));
  while (true) {
    const std::array<net::const_buffer, 2> parts{net::buffer(bytes[0]), net::buffer(bytes[1])};
    remove_front(bytes, connection.socket.write_some(parts, error));
    if (error == net::error::would_block) error = {};
    if (error || (bytes[0].empty() && bytes[1].empty()) || connection.timed_out) break;
    co_await connection.socket.async_wait(Socket::wait_write, token);
    if (error) break;
  }
  connection.end_phase();
  co_return !error && bytes[0].empty() && bytes[1].empty();
}

net::awaitable<bool> write(Server& server, Connection& connection, const HttpResponse& response,
                           bool keep, bool head) {
  const bool has_body = response.status != 204;
  const auto reason =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(response.status)));
  const std::string header = header_text(response, {reason.data(), reason.size()}, keep, has_body);
  const Bytes bytes{header, head || !has_body ? std::string_view() : response.body};
  co_return co_await send(server, connection, bytes);
}

/// Feeds the parser up to the end of the header, or of the message, reading what it lacks.
net::awaitable<error_code> parse(Connection& connection, Parser& parser, Upto upto,
                                 Milliseconds limit) {
  error_code error;
  auto token = net::redirect_error(net::use_awaitable, error);
  boost::beast::flat_buffer& buffer = connection.buffer;
  parser.eager(upto == Upto::message);
  connection.phase(limit);
  while (!(upto == Upto::message ? parser.is_done() : parser.is_header_done())) {
    if (buffer.size() > 0) {
      const size_t used = parser.put(buffer.data(), error);
      buffer.consume(used);
      if (!error && used > 0) continue;
      if (error && error != http::error::need_more) break;
    }
    error = connection.timed_out ? make_error_code(net::error::timed_out) : error_code();
    const size_t room = std::min(kReadBytes, buffer.max_size() - buffer.size());
    if (room == 0) error = http::error::buffer_overflow;
    if (error) break;
    const auto space = buffer.prepare(room);
    const size_t read = co_await connection.socket.async_read_some(space, token);
    buffer.commit(read);
    if (error == net::error::eof) {  // tells the parser, which says whether that is an error
      error = {};
      parser.put_eof(error);
    }
    if (error) break;
  }
  connection.end_phase();
  co_return error;
}

/// Ends a connection whose client may still be sending: closing at once would take the answer from
/// it.
net::awaitable<void> linger(Connection& connection) {
  error_code error;
  connection.socket.shutdown(Socket::shutdown_send, error);
  connection.phase(kLinger);
  std::array<char, kReadBytes> bytes;
  auto token = net::redirect_error(net::use_awaitable, error);
  for (size_t read = 0; !error && !connection.timed_out && read < kLingerBytes;) {
    read += co_await connection.socket.async_read_some(net::buffer(bytes), token);
  }
  connection.end_phase();
}

net::awaitable<HttpResponse> answer(Server& server, CallPtr call, std::string body) {
  const auto executor = server.io.get_executor();
  auto pending = std::make_shared<Pending>(server.io);
  server.application.handle(call, std::move(body), [pending, executor](HttpResponse response) {
    if (executor.running_in_this_thread()) {
      pending->take(std::move(response));
      return;
    }
    net::post(executor, [pending, response = std::move(response)]() mutable {
      pending->take(std::move(response));
    });
  });
  error_code error;
  auto token = net::redirect_error(net::use_awaitable, error);
  while (!pending->there) co_await pending->arrived.async_wait(token);
  co_return std::move(pending->response);
}

net::awaitable<void> wait_for(net::steady_timer& timer) {
  error_code error;
  auto token = net::redirect_error(net::use_awaitable, error);
  co_await timer.async_wait(token);
}

/// Holds the answer to a wrong key back, which holds nobody else up. False when so many wait that
/// this one does not: then its connection ends, so that guessing costs a connection each time.
net::awaitable<bool> delay_guess(Server& server) {
  if (server.guesses >= kMostGuesses) co_return false;
  ++server.guesses;
  net::steady_timer timer(server.io, kGuessDelay);
  co_await wait_for(timer);
  --server.guesses;
  co_return true;
}

bool wants_continue(const HttpRequest& head) {
  return head.version == 11 && ascii_lower(head.header("expect")) == "100-continue";
}

/// Tells what is wrong, where somebody hears it, and ends the connection.
net::awaitable<bool> give_up(Server& server, Connection& connection, const HttpResponse& response,
                             bool head) {
  const bool written = co_await write(server, connection, response, false, head);
  if (written) co_await linger(connection);
  co_return false;
}

/// False when the connection is to end.
net::awaitable<bool> serve_request(Server& server, Connection& connection) {
  const ServeOptions& options = server.application.options();
  Parser parser;
  parser.header_limit(static_cast<uint32_t>(options.max_header_bytes));
  parser.body_limit(static_cast<uint64_t>(options.max_body_bytes));
  const Milliseconds header_limit(options.header_ms), body_limit(options.body_ms);
  error_code error = co_await parse(connection, parser, Upto::header, header_limit);
  if (error) {
    if (!can_be_told(error, connection)) co_return false;
    const HttpResponse refused =
        server.application.refusal(problem_of(error, connection.timed_out, false));
    co_return co_await give_up(server, connection, refused, false);
  }
  Opened opened = server.application.open(request_of(parser));
  const bool head = opened.call->request.method == "HEAD";
  if (opened.refusal) {
    const bool all_read = parser.is_done();
    if (opened.call->wrong_key && !co_await delay_guess(server)) opened.refusal->close = true;
    if (opened.refusal->close || !all_read) {
      co_return co_await give_up(server, connection, *opened.refusal, head);
    }
    co_return co_await write(server, connection, *opened.refusal, parser.keep_alive(), head) &&
        parser.keep_alive();
  }
  if (!parser.is_done() && wants_continue(opened.call->request)) {
    const Bytes go_on{"HTTP/1.1 100 Continue\r\n\r\n", ""};
    if (!co_await send(server, connection, go_on)) co_return false;
  }
  error = co_await parse(connection, parser, Upto::message, body_limit);
  if (error) {
    if (!can_be_told(error, connection)) co_return false;
    const HttpResponse refused =
        server.application.refusal(problem_of(error, connection.timed_out, true));
    co_return co_await give_up(server, connection, refused, head);
  }
  std::string body = std::move(parser.get().body());
  const HttpResponse response = co_await answer(server, opened.call, std::move(body));
  const bool keep = parser.keep_alive() && !response.close;
  const bool written = co_await write(server, connection, response, keep, head);
  co_return written&& keep;
}

net::awaitable<void> serve_connection(Server& server, Socket socket) {
  const auto header = static_cast<size_t>(server.application.options().max_header_bytes);
  Connection connection(std::move(socket), header + kBodyAhead);
  server.connections.insert(&connection);
  server.application.metrics().connections(static_cast<double>(server.connections.size()));
  const Milliseconds idle(server.application.options().idle_ms);
  while (true) {
    connection.idle = true;
    if (connection.buffer.size() == 0) {
      error_code error;
      auto token = net::redirect_error(net::use_awaitable, error);
      const auto space = connection.buffer.prepare(kReadBytes);
      connection.phase(idle);
      const size_t read = co_await connection.socket.async_read_some(space, token);
      if (error) break;
      connection.buffer.commit(read);
    }
    connection.idle = false;
    if (!co_await serve_request(server, connection)) break;
  }
  connection.end_phase();
  server.connections.erase(&connection);
  server.application.metrics().connections(static_cast<double>(server.connections.size()));
  server.room.cancel();
}

/// Ends what waits beyond its deadline, at each step again: what strikes while a connection does
/// not wait, between two reads, must not be lost.
net::awaitable<void> keep_deadlines(Server& server) {
  net::steady_timer timer(server.io);
  while (true) {
    timer.expires_after(kDeadlineStep);
    co_await wait_for(timer);
    const auto now = Clock::now();
    for (Connection* each : server.connections) {
      if (now < each->deadline) continue;
      each->timed_out = true;
      error_code ignored;
      each->socket.cancel(ignored);
    }
  }
}

/// At the limit nothing is accepted: what comes waits in the system's queue.
net::awaitable<void> wait_for_room(Server& server) {
  const auto most = static_cast<size_t>(server.application.options().max_connections);
  while (server.connections.size() >= most) {
    co_await wait_for(server.room);
  }
}

net::awaitable<void> accept(Server& server, const Listener& listener) {
  net::posix::stream_descriptor door(server.io, ::dup(listener.descriptor));
  server.doors.push_back(&door);
  const net::generic::stream_protocol protocol(listener.family, 0);
  error_code error;
  auto token = net::redirect_error(net::use_awaitable, error);
  while (true) {
    co_await wait_for_room(server);
    co_await door.async_wait(net::posix::stream_descriptor::wait_read, token);
    if (error) break;
    const int descriptor =
        ::accept4(door.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor >= 0) {
      Socket socket(server.io, protocol, descriptor);
      net::co_spawn(server.io, serve_connection(server, std::move(socket)), net::detached);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      server.application.metrics().rejected("descriptors");
      net::steady_timer timer(server.io, kOutOfDescriptors);
      co_await wait_for(timer);
    }
  }
  std::erase(server.doors, &door);
}

net::awaitable<void> stop(Server& server) {
  const ServeOptions& options = server.application.options();
  server.application.start_draining();
  notify_system("STOPPING=1");
  log_event("draining", {});
  net::steady_timer grace(server.io, Milliseconds(options.drain_grace_ms));
  co_await wait_for(grace);
  for (auto* door : server.doors) {
    error_code ignored;
    door->close(ignored);  // also where it waits for room
  }
  server.listeners.close();
  const auto end = std::chrono::steady_clock::now() + Milliseconds(options.drain_ms);
  const auto busy = [&server] {
    return std::any_of(server.connections.begin(), server.connections.end(),
                       [](const Connection* each) { return !each->idle; });
  };
  while ((busy() || server.application.in_flight() > 0) && std::chrono::steady_clock::now() < end) {
    net::steady_timer step(server.io, kDrainStep);
    co_await wait_for(step);
  }
  server.io.stop();
}

net::awaitable<void> hear_signals(Server& server) {
  bool stopping = false;
  error_code error;
  auto token = net::redirect_error(net::use_awaitable, error);
  while (true) {
    const int number = co_await server.signals.async_wait(token);
    if (error) co_return;
    if (number == SIGHUP) {
      notify_system("RELOADING=1");
      try {
        server.application.load([&server] {
          server.application.reload_all();
          notify_system("READY=1");
        });
      } catch (const ProblemError& problem) {
        log_event("reload", {{"result", "refused"}, {"detail", problem.what()}});
      }
    } else if (stopping) {
      server.io.stop();
      co_return;
    } else {
      stopping = true;
      net::co_spawn(server.io, stop(server), net::detached);
    }
  }
}

/// Says again and again what --insecure-no-keys means: a warning at the start is soon forgotten.
net::awaitable<void> warn_of_no_keys(Server& server) {
  net::steady_timer timer(server.io);
  while (true) {
    log_event("warning", {{"detail", "everybody who reaches this server may do everything"}});
    timer.expires_after(kWarnEvery);
    co_await wait_for(timer);
  }
}

/// Tells systemd that the queue still moves: a ping is sent when a job came back.
net::awaitable<void> watch(Server& server) {
  const char* const text = std::getenv("WATCHDOG_USEC");
  const int64_t interval = text != nullptr ? std::atoll(text) / 2 : 0;
  while (interval > 0) {
    net::steady_timer timer(server.io, std::chrono::microseconds(interval));
    co_await wait_for(timer);
    Job job;
    job.work = [] { notify_system("WATCHDOG=1"); };
    while (!server.application.queue().push(job)) {  // a full queue is no dead one
      timer.expires_after(kFullQueue);
      co_await wait_for(timer);
    }
  }
}

}  // namespace

void run_http_server(Application& application, Listeners& listeners) {
  Server server(application, listeners);
  for (const Listener& listener : listeners.all()) {
    net::co_spawn(server.io, accept(server, listener), net::detached);
  }
  net::co_spawn(server.io, hear_signals(server), net::detached);
  net::co_spawn(server.io, keep_deadlines(server), net::detached);
  net::co_spawn(server.io, watch(server), net::detached);
  if (application.options().keys.empty() && !listeners.only_loopback()) {
    net::co_spawn(server.io, warn_of_no_keys(server), net::detached);
  }
  notify_system("READY=1");
  server.io.run();
  application.shut_down();  // before what their answers are posted to
}

}  // namespace truenext::serve

// SPDX-License-Identifier: Apache-2.0
#include "base/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace truenext {
namespace {

constexpr size_t kInputBytes = size_t{256} << 10;

/// The largest window of Zstandard that a file may ask memory for: 32 MiB, which `zstd -19` stays
/// below, or up to 128 MiB when that is no more than ten times the file.
constexpr int kPlainWindow = 25;
constexpr int kLargestWindow = 27;
constexpr int64_t kWindowPerByte = 10;

std::string shown_name(const std::string& path) {
  return path == "-" ? "standard input" : path;
}

/// The file as it is on disk, with a window that others can look into before they take it.
class PlainSource : public ByteSource {
 public:
  explicit PlainSource(const std::string& path) : name_(shown_name(path)), buffer_(kInputBytes) {
    fd_ = path == "-" ? ::dup(STDIN_FILENO) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    check_data(fd_ >= 0, "{}: cannot read: {}", name_, std::strerror(errno));
    struct stat info {};
    if (::fstat(fd_, &info) == 0 && S_ISDIR(info.st_mode)) {
      ::close(fd_);
      fail_data("{}: is a folder, want a file", name_);
    }
    if (S_ISREG(info.st_mode)) size_ = info.st_size;
  }
  ~PlainSource() override { ::close(fd_); }
  PlainSource(const PlainSource&) = delete;
  PlainSource& operator=(const PlainSource&) = delete;

  /// At least `want` unread bytes (at most the buffer), fewer only at the end of the file.
  std::string_view window(size_t want) {
    if (end_ - begin_ < want) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      while (end_ < want) {
        const size_t n = read_descriptor(buffer_.data() + end_, buffer_.size() - end_);
        if (n == 0) break;
        end_ += n;
      }
    }
    return {buffer_.data() + begin_, end_ - begin_};
  }
  void consume(size_t n) { begin_ += n; }
  const std::string& name() const { return name_; }
  /// Bytes of the whole file, -1 when nobody knows (a pipe).
  int64_t size() const { return size_; }

  size_t read(char* out, size_t size) override {
    if (begin_ == end_) return read_descriptor(out, size);
    const size_t n = std::min(size, end_ - begin_);
    std::memcpy(out, buffer_.data() + begin_, n);
    begin_ += n;
    return n;
  }

 private:
  size_t read_descriptor(char* out, size_t size) {
    for (;;) {
      const ssize_t n = ::read(fd_, out, size);
      if (n >= 0) return static_cast<size_t>(n);
      check_data(errno == EINTR, "{}: cannot read: {}", name_, std::strerror(errno));
    }
  }

  std::string name_;
  int fd_ = -1;
  int64_t size_ = -1;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;
};

class GzipSource : public ByteSource {
 public:
  explicit GzipSource(std::unique_ptr<PlainSource> input) : input_(std::move(input)) {
    if (inflateInit2(&stream_, 15 + 16) != Z_OK) throw std::bad_alloc();
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  size_t read(char* out, size_t size) override {
    for (;;) {
      const std::string_view in = input_->window(1);
      if (in.empty()) {
        check_data(!inside_, "{}: the gzip data ends early: the file is truncated, fetch it again",
                   input_->name());
        return 0;
      }
      if (!inside_) start_member();
      const size_t produced = inflate_some(in, out, size);
      if (produced > 0) return produced;
    }
  }

 private:
  void start_member() {
    const std::string_view magic = input_->window(2);
    check_data(magic.size() >= 2 && magic[0] == '\x1f' && magic[1] == '\x8b',
               "{}: bytes that are not gzip follow the gzip data", input_->name());
    inflateReset(&stream_);
    inside_ = true;
  }

  size_t inflate_some(std::string_view in, char* out, size_t size) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(std::min<size_t>(size, 1u << 30));
    const uInt room = stream_.avail_out;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    check_data(status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR,
               "{}: damaged gzip data ({})", input_->name(),
               stream_.msg != nullptr ? stream_.msg : "inflate failed");
    input_->consume(in.size() - stream_.avail_in);
    if (status == Z_STREAM_END) inside_ = false;
    return room - stream_.avail_out;
  }

  std::unique_ptr<PlainSource> input_;
  z_stream stream_{};
  bool inside_ = false;
};

class ZstdSource : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<PlainSource> input)
      : input_(std::move(input)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
    int window = input_->size() < 0 ? kLargestWindow : kPlainWindow;
    while (window < kLargestWindow && (int64_t{2} << window) <= kWindowPerByte * input_->size()) {
      ++window;
    }
    ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, window);
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;

  size_t read(char* out, size_t size) override {
    for (;;) {
      const std::string_view in = input_->window(1);
      ZSTD_inBuffer source{in.data(), in.size(), 0};
      ZSTD_outBuffer target{out, size, 0};
      if (in.empty() && pending_ == 0) return 0;
      const size_t status = ZSTD_decompressStream(stream_, &target, &source);
      check_data(ZSTD_getErrorCode(status) != ZSTD_error_frameParameter_windowTooLarge,
                 "{}: asks for more memory to be unpacked than so small a file is given; unpack it "
                 "(zstd -d --memory=2048MB), or pack it with zstd -19",
                 input_->name());
      check_data(ZSTD_isError(status) == 0, "{}: damaged Zstandard data ({})", input_->name(),
                 ZSTD_getErrorName(status));
      input_->consume(source.pos);
      pending_ = status;
      if (target.pos > 0) return target.pos;
      check_data(!in.empty() || pending_ == 0,
                 "{}: the Zstandard data ends early: the file is truncated, fetch it again",
                 input_->name());
    }
  }

 private:
  std::unique_ptr<PlainSource> input_;
  ZSTD_DStream* stream_;
  size_t pending_ = 0;  // not 0 inside a frame
};

bool is_zstd(std::string_view bytes) {
  if (bytes.size() < 4) return false;
  const bool frame = bytes.substr(0, 4) == "\x28\xb5\x2f\xfd";
  // pzstd begins its files with a skippable frame.
  const bool skippable = (bytes[0] & '\xf0') == '\x50' && bytes.substr(1, 3) == "\x2a\x4d\x18";
  return frame || skippable;
}

}  // namespace

std::unique_ptr<ByteSource> open_bytes(const std::string& path) {
  auto plain = std::make_unique<PlainSource>(path);
  const std::string_view start = plain->window(4);
  if (start.substr(0, 2) == "\x1f\x8b") return std::make_unique<GzipSource>(std::move(plain));
  if (is_zstd(start)) return std::make_unique<ZstdSource>(std::move(plain));
  return plain;
}

}  // namespace truenext

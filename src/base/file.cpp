// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/error.h"

namespace truenext {
namespace {

constexpr size_t kBufferBytes = size_t{1} << 20;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int open_for_reading(const std::filesystem::path& path, uint64_t* size) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  check_data(fd >= 0, "{}: cannot read: {}", path.string(), std::strerror(errno));
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    fail_data("{}: not a regular file", path.string());
  }
  *size = static_cast<uint64_t>(info.st_size);
  return fd;
}

/// Renaming over a device would put a file in its place.
bool can_be_replaced(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return true;  // nothing is there, or open() says why
  check_data(!S_ISDIR(info.st_mode), "{}: is a folder; want the name of a file", path.string());
  return S_ISREG(info.st_mode);
}

/// The file that a link names, so that the link stays one.
std::filesystem::path behind_links(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto real = std::filesystem::canonical(path, error);
  return error ? path : real;
}

}  // namespace

void write_all(int descriptor, std::string_view bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    check_data(n > 0, "{}: cannot write: {}", path.string(), std::strerror(n < 0 ? errno : EIO));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string read_file(const std::filesystem::path& path, uint64_t max_bytes) {
  uint64_t size = 0;
  const Descriptor file(open_for_reading(path, &size));
  check_data(size <= max_bytes, "{}: {} bytes, at most {} are read here", path.string(), size,
             max_bytes);
  std::string text(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file.get(), text.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    check_data(n >= 0, "{}: cannot read: {}", path.string(), std::strerror(errno));
    if (n == 0) break;
    done += static_cast<size_t>(n);
  }
  text.resize(done);
  return text;
}

MappedFile::MappedFile(const std::filesystem::path& path) {
  uint64_t size = 0;
  const Descriptor file(open_for_reading(path, &size));
  size_ = size;
  if (size == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file.get(), 0);
  check_data(data != MAP_FAILED, "{}: cannot map: {}", path.string(), std::strerror(errno));
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void MappedFile::check_multiple(size_t size, const char* what) const {
  check_data(size_ % size == 0, "{}: {} bytes is not a multiple of {}: the file is damaged", what,
             size_, size);
}

AtomicFile::AtomicFile(std::filesystem::path path) : path_(std::move(path)) {
  int flags = O_WRONLY | O_CLOEXEC;
  std::filesystem::path opened = path_;
  if (can_be_replaced(path_)) {
    path_ = behind_links(path_);
    temporary_ = path_.string() + fmt::format(".partial-{}", ::getpid());
    opened = temporary_;
    flags |= O_CREAT | O_TRUNC;
  }
  descriptor_ = ::open(opened.c_str(), flags, 0644);
  check_data(descriptor_ >= 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicFile::write(std::string_view text) {
  written_ += text.size();
  if (buffer_.size() + text.size() > kBufferBytes) flush();
  if (text.size() >= kBufferBytes) {
    write_all(descriptor_, text, path_);
  } else {
    buffer_.append(text);
  }
}

void AtomicFile::flush() {
  write_all(descriptor_, buffer_, path_);
  buffer_.clear();
}

void AtomicFile::commit() {
  flush();
  if (temporary_.empty()) {
    const int closed = ::close(std::exchange(descriptor_, -1));
    check_data(closed == 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
    return;
  }
  check_data(::fsync(descriptor_) == 0, "{}: cannot write: {}", path_.string(),
             std::strerror(errno));
  const int closed = ::close(std::exchange(descriptor_, -1));
  if (closed != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    fail_data("{}: cannot write: {}", path_.string(), std::strerror(error));
  }
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());  // the rename itself must survive a crash
}

void write_file_atomically(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void make_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  // Some systems give no error where no folder comes of it (/proc); the reason then is why there is
  // none.
  struct stat info {};
  const bool made = !error && ::stat(path.c_str(), &info) == 0;
  const std::string reason = error ? error.message() : std::strerror(errno);
  check_data(made, "{}: cannot create the folder: {}", path.string(), reason);
  check_data(S_ISDIR(info.st_mode), "{}: cannot create the folder: a file of that name is there",
             path.string());
}

}  // namespace truenext

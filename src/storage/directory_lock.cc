// flock() on DIRECTORY/lock, which holds our pid for whoever comes second.
#include "storage/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace penstock::storage {

namespace {

Error system_error(const std::string& what, int number) {
  return Error(sql_state::kIoError, what + ": " + std::strerror(number));
}

}  // namespace

Result<DirectoryLock> DirectoryLock::acquire(const std::string& directory) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) {
    return fail(
        system_error("could not create the data directory \"" + directory + "\"", code.value()));
  }
  std::string path = directory + "/lock";
  int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return fail(system_error("could not open \"" + path + "\"", errno));
  DirectoryLock lock(descriptor);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail(system_error("could not lock \"" + path + "\"", errno));
    char holder[32] = {};
    ssize_t length = read(descriptor, holder, sizeof(holder) - 1);
    Error error(sql_state::kLockNotAvailable,
                "data directory \"" + directory + "\" is in use by another process");
    if (length > 0) error.detail = "Process " + std::string(holder) + " holds it.";
    return fail(std::move(error));
  }
  std::string pid = std::to_string(getpid());
  if (ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return fail(system_error("could not write \"" + path + "\"", errno));
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace penstock::storage

// Format: [u8 1], then per secret [varint id][varint length][value].
#include "storage/secret_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/bytes_io.h"

namespace penstock::storage {

namespace {

constexpr uint8_t kVersion = 1;

Error file_error(const std::string& path, int number) {
  return Error(sql_state::kIoError,
               "could not keep secrets in \"" + path + "\": " + std::strerror(number));
}

Status write_synced(const std::string& path, const std::string& bytes) {
  int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(file_error(path, errno));
  size_t done = 0;
  int failed = 0;
  while (done < bytes.size() && failed == 0) {
    ssize_t wrote = write(descriptor, bytes.data() + done, bytes.size() - done);
    if (wrote < 0 && errno != EINTR) failed = errno;
    if (wrote > 0) done += static_cast<size_t>(wrote);
  }
  if (failed == 0 && fsync(descriptor) != 0) failed = errno;
  close(descriptor);
  if (failed != 0) return fail(file_error(path, failed));
  return {};
}

Status sync_directory(const std::string& directory) {
  int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return fail(file_error(directory, errno));
  int failed = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  if (failed != 0) return fail(file_error(directory, failed));
  return {};
}

}  // namespace

Result<SecretFile> SecretFile::open(const std::string& directory) {
  SecretFile file(directory);
  std::string path = directory + "/secrets";
  std::ifstream in(path, std::ios::binary);
  if (!in) return file;
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  ByteReader reader(bytes);
  if (reader.fixed<uint8_t>() != kVersion) {
    return fail(sql_state::kIoError, "\"" + path + "\" has an unknown format");
  }
  while (!reader.at_end() && !reader.failed()) {
    ObjectId id{reader.varint()};
    file.values_[id] = reader.string();
  }
  if (reader.failed()) return fail(sql_state::kIoError, "\"" + path + "\" is damaged");
  return file;
}

Result<SecretString> SecretFile::get(ObjectId secret) const {
  auto found = values_.find(secret);
  if (found == values_.end()) {
    return fail(sql_state::kUndefinedObject, "the value of the secret is not in the secrets file");
  }
  return SecretString(found->second);
}

Status SecretFile::put(ObjectId secret, std::string value) {
  values_[secret] = std::move(value);
  return save();
}

Status SecretFile::remove(ObjectId secret) {
  if (values_.erase(secret) == 0) return {};
  return save();
}

std::vector<ObjectId> SecretFile::ids() const {
  std::vector<ObjectId> out;
  for (const auto& [id, value] : values_) out.push_back(id);
  return out;
}

Status SecretFile::save() const {
  std::string bytes(1, static_cast<char>(kVersion));
  for (const auto& [id, value] : values_) {
    put_varint(bytes, id.value);
    put_string(bytes, value);
  }
  std::string path = directory_ + "/secrets";
  RETURN_IF_ERROR(write_synced(path + ".new", bytes));
  if (rename((path + ".new").c_str(), path.c_str()) != 0) return fail(file_error(path, errno));
  return sync_directory(directory_);
}

}  // namespace penstock::storage

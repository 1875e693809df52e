// The values of secrets, in a file of their own (mode 0600) beside the database: they are in no
// log, no backup of the catalog and no error message.
//
// Every change rewrites the file beside itself, syncs it and renames it over the old one. Owned by
// one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/secret_string.h"

namespace penstock::storage {

class SecretFile {
 public:
  // Reads `directory`/secrets, or begins empty.
  static Result<SecretFile> open(const std::string& directory);

  Result<SecretString> get(ObjectId secret) const;
  Status put(ObjectId secret, std::string value);
  Status remove(ObjectId secret);
  std::vector<ObjectId> ids() const;

 private:
  explicit SecretFile(std::string directory) : directory_(std::move(directory)) {}
  Status save() const;

  std::string directory_;
  std::map<ObjectId, std::string> values_;
};

}  // namespace penstock::storage

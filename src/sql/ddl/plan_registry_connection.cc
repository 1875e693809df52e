// Options of connections to schema registries of Confluent's protocol.
#include <cctype>
#include <charconv>

#include "sql/ddl/connection_options.h"

namespace penstock::sql {
namespace {

std::unexpected<Error> unreadable(const std::string& cause) {
  return fail(sql_state::kInvalidParameterValue, "parsing schema registry url: " + cause);
}

bool is_port(std::string_view text) {
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

// Scheme, host and port; a path stays, for registries that live behind one.
Result<std::string> checked_url(const std::string& given) {
  const size_t colon = given.find("://");
  if (colon == std::string::npos) return unreadable("relative URL without a base");
  std::string scheme = given.substr(0, colon);
  for (char& c : scheme) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (scheme != "http" && scheme != "https") {
    return unreadable("scheme must be http or https, not " + scheme);
  }
  std::string rest = given.substr(colon + 3);
  for (unsigned char c : rest) {
    if (c <= ' ' || c == 0x7f) return unreadable("invalid character");
  }
  if (rest.find_first_of("?#") != std::string::npos) {
    return invalid_connection("URL must have neither query nor fragment");
  }
  while (rest.ends_with('/')) rest.pop_back();
  const std::string authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string::npos) {
    return invalid_connection("URL must have neither user nor password: use USER and PASSWORD");
  }
  const size_t bracket = authority.rfind(']');  // Of an IPv6 address, which has colons of its own.
  const size_t port = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  if (authority.substr(0, port).empty()) return invalid_connection("URL must specify domain name");
  if (port != std::string::npos && !is_port(std::string_view(authority).substr(port + 1))) {
    return unreadable("invalid port number");
  }
  return scheme + "://" + rest;
}

}  // namespace

Result<defs::ConnectionDef> plan_registry_connection(const CreateConnection& statement,
                                                     const catalog::CatalogView& catalog,
                                                     const catalog::NameContext& context) {
  OptionReader options(statement.options);
  RETURN_IF_ERROR(
      check_connection_options(statement.type, options,
                               {"URL", "USER", "PASSWORD", "SSL KEY", "SSL CERTIFICATE",
                                "SSL CERTIFICATE AUTHORITY", "AWS PRIVATELINK", "SSH TUNNEL"}));
  RETURN_IF_ERROR(refuse_tunnels(options));
  defs::SchemaRegistryConnectionDef def;
  ASSIGN_OR_RETURN(std::optional<std::string> url, options.text("URL"));
  if (!url) return invalid_connection("must specify URL");
  ASSIGN_OR_RETURN(def.url, checked_url(*url));
  if (options.has("SSL KEY") != options.has("SSL CERTIFICATE")) {
    return invalid_connection(
        "reading from SSL-auth Confluent Schema Registry requires both SSL KEY and SSL "
        "CERTIFICATE");
  }
  ASSIGN_OR_RETURN(def.user, options.text_or_secret("USER", catalog, context));
  ASSIGN_OR_RETURN(def.password, options.secret("PASSWORD", catalog, context));
  ASSIGN_OR_RETURN(def.ssl_certificate,
                   options.text_or_secret("SSL CERTIFICATE", catalog, context));
  ASSIGN_OR_RETURN(def.ssl_key, options.secret("SSL KEY", catalog, context));
  ASSIGN_OR_RETURN(def.ssl_certificate_authority,
                   options.text_or_secret("SSL CERTIFICATE AUTHORITY", catalog, context));
  return def;
}

}  // namespace penstock::sql

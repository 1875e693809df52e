// Names are matched word by word against the tables, the longest name winning; an unknown word is
// reported with the words that could have stood there.
#include "sql/parse/option_list.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "sql/parse/expression.h"
#include "sql/parse/name_and_type.h"
#include "sql/parse/option_specs.h"

namespace penstock::sql {
namespace {

// Word `index` of a name, empty behind the last.
std::string_view word_of(std::string_view name, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t blank = name.find(' ');
    if (blank == std::string_view::npos) return {};
    name.remove_prefix(blank + 1);
  }
  return name.substr(0, name.find(' '));
}

// Whether the words before `count` of both names agree.
bool same_start(std::string_view a, std::string_view b, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    if (word_of(a, i) != word_of(b, i)) return false;
  }
  return true;
}

bool stands(const Token& token, std::string_view word) {
  return !word.empty() &&
         (token.keyword == word || (token.kind == TokenKind::kNumber && token.text == word));
}

// Takes the name of one of the options.
Result<const OptionSpec*> take_name(Cursor& cursor, OptionSpecs specs) {
  const OptionSpec* matched = nullptr;  // Some spec that agrees with all words taken.
  std::size_t words = 0;
  while (true) {
    const OptionSpec* next = nullptr;
    const OptionSpec* complete = nullptr;
    std::vector<std::string_view> candidates;
    for (const OptionSpec& spec : specs) {
      if (matched != nullptr && !same_start(spec.name, matched->name, words)) continue;
      const std::string_view word = word_of(spec.name, words);
      if (word.empty()) {
        complete = &spec;
      } else if (next == nullptr && stands(cursor.peek(), word)) {
        next = &spec;
      } else if (std::find(candidates.begin(), candidates.end(), word) == candidates.end()) {
        candidates.push_back(word);
      }
    }
    if (next == nullptr) {
      if (complete != nullptr) return complete;
      ASSIGN_OR_RETURN(const std::string_view none, cursor.expect_one_of(candidates));
      return cursor.expected(none);  // Not reached: no candidate stands here.
    }
    cursor.take();
    matched = next;
    ++words;
  }
}

bool at_end_of_option(const Cursor& cursor) {
  const TokenKind kind = cursor.peek().kind;
  return kind == TokenKind::kRightParen || kind == TokenKind::kRightBracket ||
         kind == TokenKind::kComma || kind == TokenKind::kSemicolon || kind == TokenKind::kEnd;
}

template <typename Parse>
Result<OptionSequence> parse_sequence(Cursor& cursor, const Parse& parse_item) {
  const bool bracket = cursor.is(TokenKind::kLeftBracket);
  const TokenKind close = bracket ? TokenKind::kRightBracket : TokenKind::kRightParen;
  if (!bracket && !cursor.is(TokenKind::kLeftParen)) return cursor.expected("left parenthesis");
  cursor.take();
  OptionSequence sequence;
  if (cursor.accept(close)) return sequence;
  do {
    ASSIGN_OR_RETURN(OptionValue item, parse_item(cursor));
    sequence.items.push_back(std::move(item));
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(close));
  return sequence;
}

// MAP['k' => v, …], a comma may end it. Sorted by key; of equal keys the last wins.
Result<OptionMap> parse_option_map(Cursor& cursor) {
  OptionMap map;
  RETURN_IF_ERROR(cursor.expect("MAP"));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftBracket));
  while (!cursor.is(TokenKind::kRightBracket)) {
    if (!cursor.is(TokenKind::kString)) return cursor.expected("string");
    std::string key = cursor.take().text;
    RETURN_IF_ERROR(cursor.expect(TokenKind::kArrow));
    ASSIGN_OR_RETURN(OptionValue value, parse_option_value(cursor));
    const auto place = std::lower_bound(
        map.entries.begin(), map.entries.end(), key,
        [](const auto& entry, const std::string& sought) { return entry.first < sought; });
    if (place != map.entries.end() && place->first == key) {
      place->second = std::move(value);
    } else {
      map.entries.emplace(place, std::move(key), std::move(value));
    }
    if (!cursor.accept(TokenKind::kComma)) break;
  }
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightBracket));
  return map;
}

Result<PrivatelinkRef> parse_privatelink(Cursor& cursor) {
  PrivatelinkRef link;
  ASSIGN_OR_RETURN(link.connection, parse_item_name(cursor));
  ASSIGN_OR_RETURN(link.options,
                   parse_optional_options_in_parens(cursor, option_specs::kPrivatelink));
  return link;
}

// 'host:port' [USING …] | MATCHING 'pattern' USING …
Result<OptionValue> parse_broker(Cursor& cursor) {
  const std::size_t place = cursor.place();
  BrokerValue broker;
  broker.matching = cursor.accept("MATCHING");
  if (!broker.matching && !cursor.is(TokenKind::kString)) return parse_option_value(cursor);
  ASSIGN_OR_RETURN(broker.address, cursor.string_literal());
  if (cursor.accept("USING")) {
    if (cursor.accept({"SSH", "TUNNEL"})) {
      SshTunnelRef tunnel;
      ASSIGN_OR_RETURN(tunnel.connection, parse_item_name(cursor));
      broker.tunnel = std::move(tunnel);
    } else if (cursor.accept({"AWS", "PRIVATELINK"})) {
      ASSIGN_OR_RETURN(broker.tunnel, parse_privatelink(cursor));
    } else {
      return cursor.expected("one of AWS PRIVATELINK or SSH TUNNEL");
    }
  }
  return OptionValue{cursor.range_from(place), std::move(broker)};
}

// ON COMMIT | AT CREATION | AT t | EVERY 'i' [ALIGNED TO t]
Result<RefreshValue> parse_refresh(Cursor& cursor) {
  RefreshValue refresh;
  const auto parse_time = [&]() -> Status {
    ASSIGN_OR_RETURN(Expr time, parse_expr(cursor));
    refresh.time = Box<Expr>(std::move(time));
    return {};
  };
  if (cursor.accept("AT")) {
    if (cursor.accept("CREATION")) {
      refresh.kind = RefreshKind::kAtCreation;
      return refresh;
    }
    refresh.kind = RefreshKind::kAt;
    RETURN_IF_ERROR(parse_time());
    return refresh;
  }
  if (cursor.accept("EVERY")) {
    refresh.kind = RefreshKind::kEvery;
    cursor.accept("INTERVAL");
    ASSIGN_OR_RETURN(refresh.interval, cursor.string_literal());
    if (cursor.accept({"ALIGNED", "TO"})) RETURN_IF_ERROR(parse_time());
    return refresh;
  }
  if (!cursor.accept("ON")) return cursor.expected("one of AT or EVERY or ON");
  RETURN_IF_ERROR(cursor.expect("COMMIT"));
  return refresh;
}

// MANUAL | ON REFRESH [(HYDRATION TIME ESTIMATE [=] 'i')]
Result<OptionValue> parse_schedule(Cursor& cursor) {
  const std::size_t place = cursor.place();
  if (!cursor.is("ON")) {
    if (!cursor.is("MANUAL")) return cursor.expected("one of MANUAL or ON");
    return parse_option_value(cursor);
  }
  RETURN_IF_ERROR(cursor.expect({"ON", "REFRESH"}));
  ScheduleOnRefresh schedule;
  if (cursor.accept(TokenKind::kLeftParen)) {
    RETURN_IF_ERROR(cursor.expect({"HYDRATION", "TIME", "ESTIMATE"}));
    cursor.accept(TokenKind::kEqual);
    cursor.accept("INTERVAL");
    ASSIGN_OR_RETURN(schedule.hydration_time_estimate, cursor.string_literal());
    RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  }
  return OptionValue{cursor.range_from(place), std::move(schedule)};
}

Result<OptionValue> parse_replica(Cursor& cursor) {
  const std::size_t place = cursor.place();
  ReplicaDefinition replica;
  ASSIGN_OR_RETURN(replica.name, cursor.identifier());
  ASSIGN_OR_RETURN(replica.options, parse_options_in_parens(cursor, option_specs::kClusterReplica));
  return OptionValue{cursor.range_from(place), std::move(replica)};
}

Result<OptionValue> parse_item_value(Cursor& cursor) {
  if (!starts_item_name(cursor)) return parse_option_value(cursor);
  ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
  const ByteRange range = name.range;
  return OptionValue{range, std::move(name)};
}

// The value of an option, as its rule says; `=` is behind us and something stands here.
Result<OptionValue> parse_value_by_rule(Cursor& cursor, OptionRule rule) {
  const std::size_t place = cursor.place();
  const auto finish = [&](auto result) -> Result<OptionValue> {
    if (!result) return std::unexpected(std::move(result).error());
    return OptionValue{cursor.range_from(place), std::move(result).value()};
  };
  const bool list = cursor.is(TokenKind::kLeftParen) || cursor.is(TokenKind::kLeftBracket);
  switch (rule) {
    case OptionRule::kItem:
      return parse_item_value(cursor);
    case OptionRule::kItems:
      return list ? finish(parse_sequence(cursor, parse_item_value)) : parse_item_value(cursor);
    case OptionRule::kExpression: {
      ASSIGN_OR_RETURN(Expr expr, parse_expr(cursor));
      return OptionValue{cursor.range_from(place), Box<Expr>(std::move(expr))};
    }
    case OptionRule::kType:
      return finish(parse_type_name(cursor));
    case OptionRule::kBroker:
      return parse_broker(cursor);
    case OptionRule::kBrokers:
      return list ? finish(parse_sequence(cursor, parse_broker)) : parse_broker(cursor);
    case OptionRule::kPrivatelink:
      return finish(parse_privatelink(cursor));
    case OptionRule::kHistory:
      RETURN_IF_ERROR(cursor.expect("FOR"));
      return parse_option_value(cursor);
    case OptionRule::kRefresh:
      return finish(parse_refresh(cursor));
    case OptionRule::kSchedule:
      return parse_schedule(cursor);
    case OptionRule::kReplicas:
      return finish(parse_sequence(cursor, parse_replica));
    default:
      return parse_option_value(cursor);
  }
}

// Target of DOC ON, in front of the value.
Status parse_doc_target(Cursor& cursor, OptionRule rule, Option& option) {
  ASSIGN_OR_RETURN(option.target, parse_item_name(cursor));
  if (rule != OptionRule::kDocOnColumn) return {};
  if (option.target->id) {
    RETURN_IF_ERROR(cursor.expect(TokenKind::kDot));
    ASSIGN_OR_RETURN(option.target_column, cursor.identifier());
    return {};
  }
  if (option.target->parts.size() < 2) {
    return cursor.error_at(option.target->range, "need to specify an object and a column");
  }
  option.target_column = std::move(option.target->parts.back());
  option.target->parts.pop_back();
  return {};
}

Option named_option(const OptionSpec& spec) {
  Option option;
  option.name = spec.synonym_of.empty() ? spec.name : spec.synonym_of;
  return option;
}

template <typename Parse>
Result<std::vector<Option>> parse_in_parens(Cursor& cursor, const Parse& parse_one) {
  std::vector<Option> options;
  RETURN_IF_ERROR(cursor.expect(TokenKind::kLeftParen));
  if (cursor.accept(TokenKind::kRightParen)) return options;
  do {
    ASSIGN_OR_RETURN(Option option, parse_one(cursor));
    options.push_back(std::move(option));
  } while (cursor.accept(TokenKind::kComma));
  RETURN_IF_ERROR(cursor.expect(TokenKind::kRightParen));
  return options;
}

Result<OptionValue> parse_word_value(Cursor& cursor) {
  const std::size_t place = cursor.place();
  const auto finish = [&](auto kind) {
    return OptionValue{cursor.range_from(place), std::move(kind)};
  };
  if (cursor.accept("NULL")) return finish(NullLiteral{});
  if (cursor.accept("TRUE")) return finish(BoolLiteral{true});
  if (cursor.accept("FALSE")) return finish(BoolLiteral{false});
  if (cursor.is("INTERVAL") && cursor.peek(1).kind == TokenKind::kString) {
    cursor.take();
    ASSIGN_OR_RETURN(IntervalLiteral interval, parse_interval(cursor));
    return finish(std::move(interval));
  }
  if (cursor.is("MAP") && cursor.peek(1).kind == TokenKind::kLeftBracket) {
    ASSIGN_OR_RETURN(OptionMap map, parse_option_map(cursor));
    return finish(std::move(map));
  }
  const TokenKind next = cursor.peek(1).kind;
  const bool named =
      next == TokenKind::kWord || next == TokenKind::kQuotedWord || next == TokenKind::kLeftBracket;
  if (cursor.is("SECRET") && named) {
    cursor.take();
    ASSIGN_OR_RETURN(ItemName secret, parse_item_name(cursor));
    return finish(SecretRef{std::move(secret)});
  }
  if (next != TokenKind::kDot) {
    if (cursor.peek().text.empty()) return cursor.expected("option value");
    ASSIGN_OR_RETURN(Identifier word, cursor.identifier());
    return finish(std::move(word));
  }
  ASSIGN_OR_RETURN(ItemName name, parse_item_name(cursor));
  return finish(std::move(name));
}

}  // namespace

Result<OptionValue> parse_option_value(Cursor& cursor) {
  const Level level(cursor);
  RETURN_IF_ERROR(level.check());
  const std::size_t place = cursor.place();
  const auto finish = [&](auto kind) {
    return OptionValue{cursor.range_from(place), std::move(kind)};
  };
  if (cursor.is_name()) return parse_word_value(cursor);
  if (cursor.is(TokenKind::kString)) {
    std::string text = cursor.take().text;
    return finish(StringLiteral{std::move(text)});
  }
  const bool sign = cursor.is_operator("-") || cursor.is_operator("+");
  if (cursor.is(TokenKind::kNumber) || (sign && cursor.peek(1).kind == TokenKind::kNumber)) {
    std::string text = sign && cursor.peek().text == "-" ? "-" : "";
    if (sign) cursor.take();
    text += cursor.take().text;
    return finish(NumberLiteral{std::move(text)});
  }
  if (cursor.is(TokenKind::kLeftBracket) && starts_item_name(cursor)) {
    return parse_item_value(cursor);
  }
  if (cursor.is(TokenKind::kLeftParen) || cursor.is(TokenKind::kLeftBracket)) {
    ASSIGN_OR_RETURN(OptionSequence sequence, parse_sequence(cursor, parse_option_value));
    return finish(std::move(sequence));
  }
  return cursor.expected("option value");
}

Result<Option> parse_option(Cursor& cursor, OptionSpecs specs) {
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(const OptionSpec* spec, take_name(cursor, specs));
  Option option = named_option(*spec);
  if (spec->rule == OptionRule::kDocOnItem || spec->rule == OptionRule::kDocOnColumn) {
    RETURN_IF_ERROR(parse_doc_target(cursor, spec->rule, option));
  }
  cursor.accept(TokenKind::kEqual);
  if (!at_end_of_option(cursor)) {
    ASSIGN_OR_RETURN(option.value, parse_value_by_rule(cursor, spec->rule));
  }
  option.range = cursor.range_from(place);
  return option;
}

Result<Option> parse_option_name(Cursor& cursor, OptionSpecs specs) {
  const std::size_t place = cursor.place();
  ASSIGN_OR_RETURN(const OptionSpec* spec, take_name(cursor, specs));
  Option option = named_option(*spec);
  option.range = cursor.range_from(place);
  return option;
}

Result<std::vector<Option>> parse_option_list(Cursor& cursor, OptionSpecs specs) {
  std::vector<Option> options;
  do {
    ASSIGN_OR_RETURN(Option option, parse_option(cursor, specs));
    options.push_back(std::move(option));
  } while (cursor.accept(TokenKind::kComma));
  return options;
}

Result<std::vector<Option>> parse_options_in_parens(Cursor& cursor, OptionSpecs specs) {
  return parse_in_parens(cursor, [&](Cursor& at) { return parse_option(at, specs); });
}

Result<std::vector<Option>> parse_optional_options_in_parens(Cursor& cursor, OptionSpecs specs) {
  if (!cursor.is(TokenKind::kLeftParen)) return std::vector<Option>();
  return parse_options_in_parens(cursor, specs);
}

Result<std::vector<Option>> parse_with_options(Cursor& cursor, OptionSpecs specs) {
  if (!cursor.accept("WITH")) return std::vector<Option>();
  return parse_options_in_parens(cursor, specs);
}

Result<std::vector<Option>> parse_option_names_in_parens(Cursor& cursor, OptionSpecs specs) {
  return parse_in_parens(cursor, [&](Cursor& at) { return parse_option_name(at, specs); });
}

Result<std::vector<Option>> parse_free_options_in_parens(Cursor& cursor) {
  return parse_in_parens(cursor, [](Cursor& at) -> Result<Option> {
    const std::size_t place = at.place();
    Option option;
    while (at.is(TokenKind::kWord)) {
      if (!option.name.empty()) option.name += ' ';
      for (const char c : at.take().text) {
        option.name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      }
    }
    if (option.name.empty()) return at.expected("option name");
    if (at.accept(TokenKind::kEqual) || !at_end_of_option(at)) {
      ASSIGN_OR_RETURN(option.value, parse_option_value(at));
    }
    option.range = at.range_from(place);
    return option;
  });
}

}  // namespace penstock::sql

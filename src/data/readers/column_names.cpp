// SPDX-License-Identifier: Apache-2.0
#include "data/readers/column_names.h"

#include <algorithm>
#include <span>
#include <vector>

namespace truenext {
namespace {

// Usual spellings, in lower case and without "_", "-" and blanks; earlier ones win.
constexpr std::string_view kUserNames[] = {
    "user",        "userid",     "uid",           "reviewerid",   "session",  "sessionid",
    "visitorid",   "customerid", "customer",      "visitor",      "reviewer", "memberid",
    "member",      "clientid",   "accountid",     "profileid",    "playerid", "personid",
    "usersession", "username",   "fullvisitorid", "msno",         "steamid",  "deviceid",
    "kunde",       "kundenid",   "kundennr",      "kundennummer", "nutzer",   "nutzerid",
    "benutzer",    "benutzerid", "client",        "utilisateur",  "usuario",  "cliente",
    "utente"};
constexpr std::string_view kItemNames[] = {
    "item",          "itemid",    "iid",       "movie",         "movieid",    "asin",
    "parentasin",    "product",   "productid", "poi",           "poiid",      "venue",
    "venueid",       "place",     "placeid",   "business",      "businessid", "artist",
    "artistid",      "track",     "trackid",   "article",       "articleid",  "aid",
    "book",          "bookid",    "isbn",      "song",          "songid",     "news",
    "newsid",        "video",     "videoid",   "sku",           "skuid",      "stockcode",
    "gameid",        "appid",     "recipeid",  "animeid",       "beerid",     "hotelid",
    "listingid",     "contentid", "goodsid",   "showid",        "locationid", "trackuri",
    "artikel",       "artikelid", "artikelnr", "artikelnummer", "produkt",    "produktid",
    "produktnummer", "produit",   "producto",  "articulo",      "prodotto"};
constexpr std::string_view kTimeNames[] = {
    "time",         "timestamp", "ts",         "unixtime",      "date",        "unixreviewtime",
    "datetime",     "eventtime", "unix",       "unixtimestamp", "epoch",       "epochtime",
    "createdat",    "eventdt",   "eventdate",  "tdat",          "lastwatchdt", "purchasedate",
    "purchasetime", "visitedat", "reviewtime", "reviewdate",    "utc",         "utctime",
    "dt",           "datum",     "zeitpunkt",  "zeitstempel",   "zeit",        "fecha",
    "horodatage"};
constexpr std::string_view kValueNames[] = {"value",   "rating", "weight",  "score",
                                            "overall", "stars",  "ratings", "bookrating"};
// Of items: what they are put under, not what they are called.
constexpr std::string_view kAttributeNames[] = {
    "attribute", "attributes", "attributeid", "genre",   "genres",   "genreid",
    "category",  "categories", "categoryid",  "tag",     "tags",     "tagid",
    "keyword",   "keywords",   "topic",       "topics",  "class",    "brand",
    "kategorie", "kategorien", "schlagwort",  "merkmal", "categoria"};

std::span<const std::string_view> names_of(ColumnRole role) {
  switch (role) {
    case ColumnRole::user:
      return kUserNames;
    case ColumnRole::item:
      return kItemNames;
    case ColumnRole::time:
      return kTimeNames;
    case ColumnRole::attribute:
      return kAttributeNames;
    case ColumnRole::value:
      break;
  }
  return kValueNames;
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

bool separates(char c) {
  return c == '_' || c == '-' || c == ' ' || c == '.';
}

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_' && c != '-' && c != ' ') plain += lower(c);
  }
  return plain;
}

/// "lastWatch_dt" -> last, watch, dt.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (size_t i = 0; i < name.size(); ++i) {
    const bool begins = is_upper(name[i]) && i > 0 && !is_upper(name[i - 1]);
    if ((separates(name[i]) || begins) && !words.back().empty()) words.emplace_back();
    if (!separates(name[i])) words.back() += lower(name[i]);
  }
  return words;
}

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool ends_like_a_time(std::string_view word) {
  static constexpr std::string_view kOthers[] = {"update",  "candidate", "mandate", "validate",
                                                 "runtime", "playtime",  "lifetime"};
  if (is_one_of(word, kOthers)) return false;
  return word.ends_with("time") || word.ends_with("date") || word.ends_with("timestamp") ||
         word.ends_with("datum") || word.ends_with("zeitpunkt") || word.ends_with("zeitstempel");
}

}  // namespace

std::optional<int> place_of_name(ColumnRole role, std::string_view name) {
  const std::span<const std::string_view> names = names_of(role);
  const auto at = std::find(names.begin(), names.end(), plain_name(name));
  if (at == names.end()) return std::nullopt;
  return static_cast<int>(at - names.begin());
}

bool names_a_time(std::string_view name) {
  static constexpr std::string_view kWords[] = {"ts", "dt", "dat", "epoch", "utc", "unix", "when"};
  static constexpr std::string_view kOfThings[] = {
      "birth",      "birthday",     "born",      "release", "released",     "signup",
      "registered", "registration", "joined",    "join",    "expiry",       "expires",
      "expiration", "publication",  "published", "due",     "geburtsdatum", "lieferdatum"};
  bool time = false;
  const std::vector<std::string> words = words_of(name);
  for (const std::string& word : words) {
    if (is_one_of(word, kOfThings) || word.starts_with("birth")) return false;
    time = time || is_one_of(word, kWords) || ends_like_a_time(word);
  }
  return time || (words.size() > 1 && words.back() == "at");
}

bool speaks_of_time(std::string_view name) {
  static constexpr std::string_view kWords[] = {
      "minute", "minutes", "second", "seconds", "hour", "day", "week", "month", "year", "timestep"};
  for (const std::string& word : words_of(name)) {
    if (is_one_of(word, kWords) || word.starts_with("time") || word.starts_with("date") ||
        ends_like_a_time(word)) {
      return true;
    }
  }
  return names_a_time(name);
}

}  // namespace truenext

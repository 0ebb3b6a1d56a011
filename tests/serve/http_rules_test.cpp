// SPDX-License-Identifier: Apache-2.0
#include "serve/http_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace truenext::serve {
namespace {

HttpRequest request(std::vector<std::pair<std::string, std::string>> headers, int version = 11) {
  HttpRequest made{"POST", "/v1/recommend", version, std::move(headers), ""};
  return made;
}

std::string type_of(const HttpRequest& made) {
  const auto problem = check_framing(made);
  return problem ? problem->type : "";
}

TEST(HttpRules, FramingIsSaidOnce) {
  const std::pair<std::string, std::string> host{"host", "a"},
      chunked{"transfer-encoding", "Chunked"}, gzip{"transfer-encoding", "gzip"},
      length{"content-length", "3"};
  EXPECT_EQ(type_of(request({host, length})), "");
  EXPECT_EQ(type_of(request({host, chunked})), "");
  for (const auto& headers :
       std::vector<std::vector<std::pair<std::string, std::string>>>{{host, gzip},
                                                                     {host, gzip, length},
                                                                     {host, chunked, length},
                                                                     {host, chunked, chunked},
                                                                     {host, length, length},
                                                                     {length},
                                                                     {host, host}}) {
    EXPECT_EQ(type_of(request(headers)), "bad-framing");
  }
  EXPECT_EQ(type_of(request({host, chunked}, 10)), "bad-framing");
  EXPECT_EQ(type_of(request({}, 10)), "");
  EXPECT_EQ(type_of(request({host}, 12)), "http-version");
}

TEST(HttpRules, Hosts) {
  for (const char* fine : {"a", "a.b-c", "127.0.0.1:80", "[::1]", "[::1]:8600", "a_b:1"}) {
    EXPECT_EQ(type_of(request({{"host", fine}})), "") << fine;
  }
  for (const char* wrong : {"", "a b", "a:b", "a:123456", "[::1", "[]", "a/b", "a@b", "::1"}) {
    EXPECT_EQ(type_of(request({{"host", wrong}})), "bad-framing") << wrong;
  }
  EXPECT_EQ(host_name("Example.COM:80"), "example.com");
  EXPECT_EQ(host_name("[::1]:80"), "[::1]");
}

TEST(HttpRules, Targets) {
  const Target target = parse_target("/v1/items/a%2Fb%20c?k=3&search=x+y&flag");
  EXPECT_EQ(target.segments, (std::vector<std::string>{"v1", "items", "a/b c"}));
  ASSERT_EQ(target.query.size(), 3u);
  EXPECT_EQ(target.query[1].second, "x y");
  EXPECT_EQ(target.query[2].first, "flag");
  for (const char* wrong : {"", "x", "*", "http://a/", "/%", "/%4", "/%zz", "/%00", "/%ff"}) {
    EXPECT_THROW(parse_target(wrong), ProblemError) << wrong;
  }
  EXPECT_NO_THROW(parse_target("/" + std::string(kMostTargetBytes - 1, 'a')));
  EXPECT_THROW(parse_target("/" + std::string(kMostTargetBytes, 'a')), ProblemError);
}

}  // namespace
}  // namespace truenext::serve

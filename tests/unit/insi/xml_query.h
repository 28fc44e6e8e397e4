// SPDX-License-Identifier: Apache-2.0
// Looks into a request with libxml2's XPath and schema validator, apart from the code that built it.
#pragma once

#include <string>
#include <vector>

namespace insd::test {

/// A document; throws std::runtime_error unless it is well formed. Prefixes in XPath: s, a, w, saml, ds, bam,
/// lps, t (RECSANSVITALE), v (RECVITALE).
class XmlQuery {
 public:
  explicit XmlQuery(const std::string& xml);
  ~XmlQuery();
  XmlQuery(const XmlQuery&) = delete;
  XmlQuery& operator=(const XmlQuery&) = delete;

  /// string(expression)
  [[nodiscard]] std::string text(const std::string& expression) const;
  /// Local names of the nodes found, in document order.
  [[nodiscard]] std::vector<std::string> names(const std::string& expression) const;
  [[nodiscard]] std::size_t count(const std::string& expression) const { return names(expression).size(); }
  /// Exclusive C14N of the whole document.
  [[nodiscard]] std::string canonical() const;
  /// Empty when valid against tests/schemas/<file>, else the validator's words.
  [[nodiscard]] std::string schema_errors(const std::string& file) const;

 private:
  void* doc_;
};

}  // namespace insd::test

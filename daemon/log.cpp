// SPDX-License-Identifier: Apache-2.0
#include "daemon/log.h"

#include <cstdlib>
#include <memory>

#include <grpc/support/log.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include "drivers/base/bytes.h"

namespace insd {
namespace {

// "%*" of the pattern: <3> for an error, <6> for information.
class SystemdLevel final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& line) override {
    const std::string_view prefix = prefix_of(message.level);
    line.append(prefix.data(), prefix.data() + prefix.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<SystemdLevel>();
  }

 private:
  static std::string_view prefix_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::critical:
        return SD_CRIT;
      case spdlog::level::err:
        return SD_ERR;
      case spdlog::level::warn:
        return SD_WARNING;
      case spdlog::level::info:
        return SD_INFO;
      default:
        return SD_DEBUG;
    }
  }
};

void log_of_grpc(gpr_log_func_args* message) {
  spdlog::debug("grpc: {}", printable(message->message, 300));
}

}  // namespace

void set_up_log(const std::string& level) {
  auto logger = spdlog::stderr_logger_mt("insd");
  // Set by systemd when standard error leads to the journal, which has the time and the unit.
  if (std::getenv("JOURNAL_STREAM") != nullptr) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<SystemdLevel>('*').set_pattern("%*%v");
    logger->set_formatter(std::move(formatter));
  } else {
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  gpr_set_log_function(log_of_grpc);
  set_log_level(level);
}

void set_log_level(const std::string& level) {
  spdlog::set_level(spdlog::level::from_str(level));
}

}  // namespace insd

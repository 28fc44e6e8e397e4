// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/clients/fake_pinentry.h"

#include <fstream>

#include <sys/stat.h>

namespace insd::cli::test {
namespace {

std::string here_document(const std::string& text) {
  return "cat <<ANSWER\n" + text + "\nANSWER\n";
}

}  // namespace

FakePinentry::FakePinentry(const Answers& answers) {
  if (!answers.script.empty()) {
    write(answers.script);
    return;
  }
  write(
      "echo 'OK Pleased to meet you'\n"
      "while IFS= read -r line; do\n"
      "printf '%s\\n' \"$line\" >> '" +
      directory() + "/heard'\ncase \"$line\" in\nGETPIN)\n" + here_document(answers.getpin) + answers.then +
      "\n;;\nCONFIRM)\n" + here_document(answers.confirm) + ";;\nSETTITLE*)\n" +
      here_document(answers.settitle) + ";;\nSETDESC*)\n" + here_document(answers.setdesc) +
      ";;\nBYE)\necho OK\nexit 0\n;;\n*)\necho OK\n;;\nesac\ndone\n");
}

void FakePinentry::write(const std::string& script) const {
  {
    std::ofstream file(path());
    file << "#!/bin/sh\n" << script;
  }
  ::chmod(path().c_str(), S_IRWXU);
}

std::vector<std::string> FakePinentry::heard() const {
  std::ifstream file(directory_.path() / "heard");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace insd::cli::test

#include "text_universe.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <sstream>
#include <stdexcept>

#include "composer/error.h"
#include "composer/solve/planned_package.h"

namespace composer::solve::test {
namespace {

const std::map<std::string, std::string, std::less<>> kTags = {
    {"requires", "=Req: "},    {"provides", "=Prv: "}, {"conflicts", "=Con: "},
    {"obsoletes", "=Obs: "},   {"suggests", "=Sug: "}, {"recommends", "=Rec: "},
    {"supplements", "=Sup: "}, {"enhances", "=Enh: "}, {"file", "=Prv: "}};

/// rpm's words for libsolv's operators.
std::string with_operators(std::string dependency) {
  for (const auto& [word, sign] : std::map<std::string, std::string>{
           {" and ", " & "}, {" or ", " | "}, {" with ", " + "}, {" if ", " <IF> "}}) {
    for (auto at = dependency.find(word); at != std::string::npos; at = dependency.find(word)) {
      dependency.replace(at, word.size(), sign);
    }
  }
  return dependency;
}

std::string header_of(const std::string& nevra) {
  const auto dot = nevra.rfind('.');
  const auto release = nevra.rfind('-', dot);
  const auto version = nevra.rfind('-', release - 1);
  if (dot == std::string::npos || version == std::string::npos) throw std::logic_error(nevra);
  const std::string name = nevra.substr(0, version);
  const std::string v = nevra.substr(version + 1, release - version - 1);
  const std::string r = nevra.substr(release + 1, dot - release - 1);
  return fmt::format("=Pkg: {} {} {} {}\n=Prv: {} = {}-{}\n", name, v, r, nevra.substr(dot + 1),
                     name, v, r);
}

/// Everything up to the jobs' solution.
std::string ask(const std::vector<TextRepository>& repositories, const Question& question,
                Progress& progress) {
  std::vector<UniverseSource> sources;
  std::vector<RepositoryExcludes> excludes;
  for (const TextRepository& repository : repositories) {
    sources.push_back({repository.terms, to_testtags(repository.text)});
    RepositoryExcludes own{repository.terms.id, {}};
    for (const std::string& exclude : repository.excludes) own.excludes.push_back({exclude, {}});
    excludes.push_back(own);
  }
  Universe universe(Architecture::x86_64, std::move(sources));
  const PackagesRequest request = packages_request(question);
  Comps comps(Architecture::x86_64);
  if (!question.comps.empty()) comps.add(question.comps, "comps.xml");
  const Excluded excluded = apply_excludes(universe, excludes, request.exclude);
  const auto jobs = make_jobs(universe, request, comps, excluded, progress);
  const auto weak = question.weak ? WeakDependencies::install : WeakDependencies::ignore;
  std::vector<std::string> words;
  for (const Chosen& chosen : solve_jobs(universe, jobs, weak, excluded)) {
    const char* mark = chosen.reason == PackageReason::asked  ? ""
                       : chosen.reason == PackageReason::weak ? "~"
                                                              : "+";
    words.push_back(universe.nevra(chosen.package) + "\n" + mark);
  }
  std::sort(words.begin(), words.end());
  std::string out;
  for (const std::string& word : words) {
    const auto end = word.find('\n');
    out += fmt::format("{}{}{}", out.empty() ? "" : " ", word.substr(end + 1), word.substr(0, end));
  }
  return out;
}

}  // namespace

std::string to_testtags(std::string_view text) {
  std::string tags = "=Ver: 3.0\n";
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    const auto tag = kTags.find(verb);
    if (tag == kTags.end()) {
      tags += header_of(verb);
      continue;
    }
    std::string rest;
    std::getline(words >> std::ws, rest);
    tags += tag->second + with_operators(rest) + "\n";
  }
  return tags;
}

PackagesRequest packages_request(const Question& question) {
  auto source = std::make_shared<SourceText>();
  source->name = "vm.yaml";
  source->text = "packages:\n";
  std::vector<Located<std::string>> all;
  int line = 2;
  const auto add = [&](const std::string& value) {
    source->text += fmt::format("  - {}\n", value);
    all.push_back({value, Span{nullptr, line++, 5, static_cast<int>(value.size())}});
  };
  for (const std::string& value : question.install) add(value);
  for (const std::string& value : question.exclude) add(value);
  for (auto& value : all) value.at.source = source;
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(question.install.size());
  PackagesRequest request;
  request.install.assign(all.begin(), middle);
  request.exclude.assign(middle, all.end());
  request.weak_dependencies = question.weak;
  return request;
}

std::string answer(const std::vector<TextRepository>& repositories, const Question& question,
                   Progress* progress) {
  SilentProgress silent;
  try {
    return ask(repositories, question, progress ? *progress : silent);
  } catch (const Error& error) {
    return error.to_text();  // So that a failing test shows it.
  }
}

std::string answer(std::string_view universe, const Question& question) {
  return answer({{std::string(universe)}}, question);
}

std::string refusal(const std::vector<TextRepository>& repositories, const Question& question) {
  SilentProgress silent;
  try {
    return "no refusal: " + ask(repositories, question, silent);
  } catch (const Error& error) {
    return error.kind() == ErrorKind::usage ? error.to_text() : "not of kind usage";
  }
}

std::string refusal(std::string_view universe, const Question& question) {
  return refusal({{std::string(universe)}}, question);
}

}  // namespace composer::solve::test

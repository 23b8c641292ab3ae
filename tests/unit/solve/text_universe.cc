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

/// `a >= 1` as a header has it.
rpm::Dependency to_dependency(const std::string& text) {
  rpm::Dependency dependency;
  std::istringstream words(text);
  std::string sign;
  words >> dependency.name >> sign >> dependency.evr;
  if (text.starts_with('(')) dependency.name = text;
  dependency.less = sign.find('<') != std::string::npos;
  dependency.greater = sign.find('>') != std::string::npos;
  dependency.equal = sign.find('=') != std::string::npos;
  return dependency;
}

std::vector<rpm::InstalledDetails> to_installed(const std::string& text) {
  std::vector<rpm::InstalledDetails> installed;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    if (first == 0) {
      rpm::InstalledPackage& package = installed.emplace_back().package;
      const auto dot = line.rfind('.'), release = line.rfind('-', dot);
      const auto version = line.rfind('-', release - 1);
      package.name = line.substr(0, version);
      package.version = line.substr(version + 1, release - version - 1);
      package.release = line.substr(release + 1, dot - release - 1);
      package.arch = line.substr(dot + 1);
      continue;
    }
    std::istringstream words(line);
    std::string verb, rest;
    words >> verb;
    std::getline(words >> std::ws, rest);
    rpm::InstalledDetails& last = installed.back();
    if (verb == "requires") last.requires_.push_back(to_dependency(rest));
    if (verb == "provides") last.provides.push_back(to_dependency(rest));
    if (verb == "conflicts") last.conflicts.push_back(to_dependency(rest));
    if (verb == "file") last.files.push_back(rest);
  }
  return installed;
}

PlannedPackage planned(const std::string& nevra) {
  const auto dot = nevra.rfind('.'), release = nevra.rfind('-', dot);
  const auto version = nevra.rfind('-', release - 1);
  PlannedPackage package;
  package.name = nevra.substr(0, version);
  set_evr(package, nevra.substr(version + 1, dot - version - 1));
  package.arch = nevra.substr(dot + 1);
  package.repository = "repo";
  return package;
}

Choice load(const std::vector<TextRepository>& repositories, const Question& question,
            const PackagesRequest& request) {
  std::vector<UniverseSource> sources;
  std::vector<RepositoryExcludes> excludes;
  for (const TextRepository& repository : repositories) {
    sources.push_back({repository.terms, to_testtags(repository.text)});
    RepositoryExcludes own{repository.terms.id, {}};
    for (const std::string& exclude : repository.excludes) own.excludes.push_back({exclude, {}});
    excludes.push_back(own);
  }
  Choice choice;
  choice.universe = std::make_unique<Universe>(Architecture::x86_64, std::move(sources),
                                               to_installed(question.installed));
  choice.excluded = apply_excludes(*choice.universe, excludes, request.exclude);
  return choice;
}

/// Everything up to the jobs' solution.
std::string ask(const std::vector<TextRepository>& repositories, const Question& question,
                Progress& progress) {
  const PackagesRequest request = packages_request(question);
  Comps comps(Architecture::x86_64);
  if (!question.comps.empty()) comps.add(question.comps, "comps.xml");
  Choice choice;
  HoldingSteps steps;
  steps.reload = [&]() -> Choice& { return choice = load(repositories, question, request); };
  steps.jobs = [&] {
    return make_jobs(*choice.universe, request, comps, choice.excluded, progress);
  };
  steps.weak = question.weak ? WeakDependencies::install : WeakDependencies::ignore;
  std::vector<Chosen> all;
  if (question.held.empty()) {
    steps.reload();
    all = solve_jobs(*choice.universe, steps.jobs(), steps.weak, choice.excluded);
  } else {
    Held held{{}, question.free};
    for (const std::string& nevra : question.held) held.packages.push_back(planned(nevra));
    all = solve_holding(held, steps, progress);
  }
  if (!question.on_top.empty()) {
    mark_on_top(*choice.universe, steps.jobs(), steps.weak, choice.excluded, all);
  }
  const Universe& universe = *choice.universe;
  std::vector<std::string> words;
  for (const Chosen& chosen : all) {
    const char* mark = chosen.reason == PackageReason::asked  ? ""
                       : chosen.reason == PackageReason::weak ? "~"
                       : chosen.reason == PackageReason::base ? "="
                                                              : "+";
    words.push_back(universe.nevra(chosen.package) + "\n" + (chosen.on_top ? "^" : "") + mark);
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
  for (const std::string& value : question.remove) add(value);
  for (const std::string& value : question.update) add(value);
  for (const std::string& value : question.on_top) add(value);
  for (auto& value : all) value.at.source = source;
  PackagesRequest request;
  auto next = all.begin();
  const auto take = [&](std::size_t count) {
    const auto from = next;
    next += static_cast<std::ptrdiff_t>(count);
    return std::vector(from, next);
  };
  request.install = take(question.install.size());
  request.exclude = take(question.exclude.size());
  request.remove = take(question.remove.size());
  request.update = take(question.update.size());
  request.on_top = take(question.on_top.size());
  if (question.update_all) request.update_all = Located<bool>{true, {}};
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

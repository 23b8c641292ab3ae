#include "composer/blueprint.h"
#include "composer/blueprint/mappings.h"
#include "composer/blueprint/reader.h"
#include "composer/blueprint/scalars.h"
#include "composer/blueprint/words.h"

namespace composer::blueprint {
namespace {

constexpr Stranger kScriptStrangers[] = {
    {"path", "source"},
    {"file", "source"},
    {"run", "content"},
    {"script", "content"},
    {"shell", "interpreter"},
    {"env", "environment"},
    {"environmentVariables", "environment"},
    {"moment", "when"},
    {"stage", "when"},
    {"arguments", "", "a script takes no arguments", "use 'environment', or write them into it"},
    {"timeout", "", "a script has no time limit of its own",
     "use 'timeout 60 program' in the script"},
};

constexpr Stranger kTestScriptStrangers[] = {
    {"path", "source"},
    {"file", "source"},
    {"run", "content"},
    {"script", "content"},
};

}  // namespace

const Mapping& script_mapping() {
  static constexpr Table table(
      {"a script",
       "scripts[]",
       "A program that is run as root in the image's root, with exactly one of `content` and "
       "`source`, contained as packages' scriptlets are (docs/containment.md). It is not in the "
       "image afterwards. A status other than 0 fails the build.",
       {},
       kScriptStrangers},
      {key<&ScriptRequest::name, kScriptName>(
           {.name = "name",
            .presence = Presence::required,
            .meaning = "What errors, logs and the manifest call it."}),
       key<&ScriptRequest::content, kContent>(
           {.name = "content", .fallback = "none", .meaning = "The script itself."}),
       key<&ScriptRequest::source, kSourcePath>(
           {.name = "source",
            .fallback = "none",
            .meaning = "A file in the blueprint's folder that holds it."}),
       key<&ScriptRequest::when, kScriptMoment>(
           {.name = "when",
            .fallback = "after-configuration",
            .meaning = "When it runs; scripts of one moment run in the order of the list."}),
       key<&ScriptRequest::interpreter, kFilePath>(
           {.name = "interpreter",
            .fallback = "its `#!` line, else /bin/sh",
            .meaning = "A program of the image that runs it."}),
       key<&ScriptRequest::network, kBoolean>(
           {.name = "network",
            .fallback = "false",
            .meaning = "Whether it sees the build machine's network. What it fetches is in no "
                       "plan, so the build can no longer be repeated; the plan, the report and "
                       "the manifest say so."}),
       pairs<&ScriptRequest::environment, kVariableName, kVariableValue>(
           {.name = "environment",
            .fallback = "none",
            .meaning = "Variables beside PATH, LANG, HOME, TERM and SOURCE_DATE_EPOCH. They are in "
                       "the plan, for all to read: nothing secret."})});
  return table;
}

const Mapping& test_script_mapping() {
  static constexpr Table table(
      {"a test script",
       "tests.scripts[]",
       "A shell script that `image-composer boot --azure` runs in the provisioned guest, as its "
       "user, with exactly one of `content` and `source`. A status other than 0 fails the boot.",
       {},
       kTestScriptStrangers},
      {key<&TestScriptRequest::name, kScriptName>(
           {.name = "name",
            .presence = Presence::required,
            .meaning = "What the report and the JUnit file call it."}),
       key<&TestScriptRequest::content, kContent>(
           {.name = "content", .fallback = "none", .meaning = "The script itself."}),
       key<&TestScriptRequest::source, kSourcePath>(
           {.name = "source",
            .fallback = "none",
            .meaning = "A file in the blueprint's folder that holds it."})});
  return table;
}

}  // namespace composer::blueprint

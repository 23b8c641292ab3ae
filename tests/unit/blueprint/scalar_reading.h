#pragma once

#include <string>

#include "composer/blueprint/scalars.h"

// One scalar read by its type, without a blueprint around it.

namespace composer::test {

inline blueprint::Node scalar_node(std::string text,
                                   blueprint::Node::Style style = blueprint::Node::Style::plain) {
  blueprint::Node node;
  node.kind = blueprint::Node::Kind::scalar;
  node.style = style;
  node.text = std::move(text);
  return node;
}

/// The message of the refusal and its hint, `message [hint]`, or `ok`.
template <typename T>
std::string verdict(const blueprint::Scalar<T>& type, std::string text,
                    blueprint::Node::Style style = blueprint::Node::Style::plain) {
  T value{};
  const auto refusal = type.read(scalar_node(std::move(text), style), value);
  return refusal ? refusal->message + " [" + refusal->hint + "]" : "ok";
}

/// The value of a scalar that is accepted.
template <typename T>
T value_of(const blueprint::Scalar<T>& type, std::string text,
           blueprint::Node::Style style = blueprint::Node::Style::plain) {
  T value{};
  const auto refusal = type.read(scalar_node(std::move(text), style), value);
  if (refusal) throw std::runtime_error(refusal->message);
  return value;
}

}  // namespace composer::test

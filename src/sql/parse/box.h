// Box<T>: a T that lives on the heap and is still a value: it copies deeply and compares deeply.
// Syntax trees are made of it. Never empty, except after it was moved from.
//
// T may be incomplete where a Box<T> is only declared as a member; the header that does so says
// `extern template class Box<T>` and the matching .cc file instantiates it.
#pragma once

#include <memory>
#include <utility>

namespace penstock::sql {

template <typename T>
class Box {
 public:
  explicit Box(T value);
  Box(const Box& other);
  Box(Box&& other) noexcept;
  Box& operator=(const Box& other);
  Box& operator=(Box&& other) noexcept;
  ~Box();

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

  bool equals(const Box& other) const;
  friend bool operator==(const Box& a, const Box& b) { return a.equals(b); }

 private:
  std::unique_ptr<T> value_;
};

template <typename T>
Box<T>::Box(T value) : value_(std::make_unique<T>(std::move(value))) {}
template <typename T>
Box<T>::Box(const Box& other) : value_(std::make_unique<T>(*other.value_)) {}
template <typename T>
Box<T>::Box(Box&& other) noexcept = default;
template <typename T>
Box<T>& Box<T>::operator=(const Box& other) {
  value_ = std::make_unique<T>(*other.value_);
  return *this;
}
template <typename T>
Box<T>& Box<T>::operator=(Box&& other) noexcept = default;
template <typename T>
Box<T>::~Box() = default;
template <typename T>
bool Box<T>::equals(const Box& other) const {
  return *value_ == *other.value_;
}

}  // namespace penstock::sql

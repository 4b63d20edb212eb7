/// The largest |a − b| as a share of the largest |b|; infinite if counts differ or a number is not finite.
public func maxRelativeToLargest<T: BinaryFloatingPoint>(_ a: [T], _ b: [T]) -> Double {
  guard a.count == b.count else { return .infinity }
  var gap = 0.0
  var largest = 0.0
  for (x, y) in zip(a, b) {
    guard x.isFinite, y.isFinite else { return .infinity }
    gap = max(gap, abs(Double(x) - Double(y)))
    largest = max(largest, abs(Double(y)))
  }
  return gap == 0 ? 0 : gap / largest
}

/// ‖a − b‖₂ / ‖b‖₂; infinite if counts differ or a number is not finite.
public func relativeL2<T: BinaryFloatingPoint>(_ a: [T], _ b: [T]) -> Double {
  guard a.count == b.count else { return .infinity }
  var gap = 0.0
  var norm = 0.0
  for (x, y) in zip(a, b) {
    guard x.isFinite, y.isFinite else { return .infinity }
    gap += (Double(x) - Double(y)) * (Double(x) - Double(y))
    norm += Double(y) * Double(y)
  }
  return gap == 0 ? 0 : (gap / norm).squareRoot()
}

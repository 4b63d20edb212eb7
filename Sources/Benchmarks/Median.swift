/// The middle of an odd number of values, the mean of the two middle ones of an even number.
public func median(_ values: [Double]) -> Double {
  precondition(!values.isEmpty, "no value is in the middle of none")
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

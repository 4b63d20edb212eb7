/// ‖a − b‖₂/‖b‖₂, added in double precision; 0 where they are equal, not finite where a number is not.
package func relativeDistance<Number: BinaryFloatingPoint>(
  _ a: some Sequence<Number>, to b: some Sequence<Number>
) -> Double {
  let gap = zip(a, b).reduce(0.0) { sum, pair in
    let difference = Double(pair.0) - Double(pair.1)
    return sum + difference * difference
  }
  return gap == 0 ? 0 : (gap / b.reduce(0.0) { $0 + Double($1) * Double($1) }).squareRoot()
}

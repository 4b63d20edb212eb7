import CVector
import Testing

@Suite struct BF16Tests {
  private func rounded(_ values: [Float]) -> [Float] {
    var narrow = [UInt16](repeating: 0, count: values.count)
    var wide = [Float](repeating: 0, count: values.count)
    vector_to_bf16(values.count, values, &narrow)
    vector_from_bf16(values.count, narrow, &wide)
    return wide
  }

  @Test func roundsToNearestTiesToEven() {
    // 8 significant bits: 1, 1 + 2⁻⁷, 1 + 2⁻⁶ are neighbours.
    #expect(rounded([1, 1 + 0x1p-8, 1 + 0x1.8p-7, 1 + 0x1.01p-8]) == [1, 1, 1 + 0x1p-6, 1 + 0x1p-7])
    #expect(rounded([-1 - 0x1p-8, -0.0, 0, 0x1p-133]) == [-1, -0.0, 0, 0x1p-133])
    #expect(rounded([-0.0])[0].sign == .minus)
  }

  @Test func whatIsNotFiniteStaysSo() {
    let values = rounded([
      .infinity, -.infinity, .greatestFiniteMagnitude, .nan, Float(bitPattern: 0x7f80_0001),
      Float(bitPattern: 0xffff_ffff),
    ])
    #expect(values[0] == .infinity && values[1] == -.infinity && values[2] == .infinity)
    #expect(values[3...].allSatisfy { $0.isNaN })
  }

  /// Any length: whole vectors and what is left.
  @Test(arguments: [0, 1, 15, 16, 17, 100])
  func isOffByHalfAUnitAtMost(count: Int) {
    let values = (0..<count).map { Float($0 * $0) * 0.37 - 11 }
    for (value, found) in zip(values, rounded(values)) { #expect(abs(found - value) <= abs(value) * 0x1p-8) }
  }
}

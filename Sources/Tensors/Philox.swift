/// The counter-based generator Philox4x32-10: four words of random bits, a pure function of key and counter.
///
/// Source: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (SC 2011); the constants and the
/// round are those of the Random123 library, whose known answers the tests repeat.
public enum Philox {
  /// 128 random bits for one counter.
  @inlinable
  public static func block(key: UInt64, counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k0 = UInt32(truncatingIfNeeded: key)
    var k1 = UInt32(truncatingIfNeeded: key >> 32)
    for round in 0..<10 {
      if round > 0 {
        k0 &+= 0x9E37_79B9
        k1 &+= 0xBB67_AE85
      }
      let p0 = UInt64(0xD251_1F53) &* UInt64(c[0])
      let p1 = UInt64(0xCD9E_8D57) &* UInt64(c[2])
      c = SIMD4(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c[1] ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c[3] ^ k1, UInt32(truncatingIfNeeded: p0))
    }
    return c
  }
}

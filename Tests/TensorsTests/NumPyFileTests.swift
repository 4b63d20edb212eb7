import Foundation
import Tensors
import Testing

@Suite struct NumPyFileTests {
  /// As `numpy.save` writes it.
  @Test func headsAreNumPysByteForByte() {
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 64), }"
    let expected =
      Data([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0])
      + Data((dictionary + String(repeating: " ", count: 117 - dictionary.count) + "\n").utf8)
    #expect(NumPyFile.head(rows: 3, columns: 64) == expected)
  }

  @Test(arguments: [1, 12, 345_678, Int.max]) func numbersBeginAtAMultipleOf64Bytes(rows: Int) {
    let head = NumPyFile.head(rows: rows, columns: 1)
    #expect(head.count % 64 == 0 && head.last == UInt8(ascii: "\n"))
    #expect(Int(head[8]) + 256 * Int(head[9]) == head.count - 10)
  }
}

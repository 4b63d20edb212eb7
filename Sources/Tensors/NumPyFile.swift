import Foundation

/// Files of NumPy's own format (`.npy`), which hold one array.
///
/// Source: "NEP 1 — A simple file format for NumPy arrays", version 1.0: a magic string, the version, the length of the
/// header in two bytes, little-endian, and the header, a Python dictionary with spaces and a line break behind it, so that
/// the numbers begin at a multiple of 64 bytes.
public enum NumPyFile {
  /// What stands before the numbers of a float32 matrix, which follow row by row, little-endian.
  public static func head(rows: Int, columns: Int) -> Data {
    let dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
    let fixed = 10
    let padding = 63 - (fixed + dictionary.utf8.count) % 64
    let header = dictionary + String(repeating: " ", count: padding) + "\n"
    var head = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0])
    withUnsafeBytes(of: UInt16(header.utf8.count).littleEndian) { head.append(contentsOf: $0) }
    return head + Data(header.utf8)
  }
}

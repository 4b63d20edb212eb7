import Foundation

/// The frame of a record in TensorBoard's files.
///
/// Length of the data (8 bytes), masked checksum of these 8, the data, its masked checksum (4 bytes each); numbers are
/// little-endian. Source: TensorFlow's `lib/io/record_writer.h`.
enum TFRecord {
  static func framed(_ data: Data) -> Data {
    let length = bytes(of: UInt64(data.count))
    return length + bytes(of: maskedChecksum(length)) + data + bytes(of: maskedChecksum(data))
  }

  /// Turned and shifted, so that the checksum of data that holds checksums is as good as of other data.
  static func maskedChecksum(_ data: Data) -> UInt32 {
    let checksum = CRC32C.checksum(data)
    return (checksum >> 15 | checksum << 17) &+ 0xA282_EAD8
  }

  private static func bytes(of number: some FixedWidthInteger) -> Data {
    withUnsafeBytes(of: number.littleEndian) { Data($0) }
  }
}

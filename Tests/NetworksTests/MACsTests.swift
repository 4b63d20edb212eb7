import Networks
import Testing

/// Contract C6.
@Suite struct MACsTests {
  private func macs(_ stem: ResNetConfiguration.Stem, padding: Int = 1, size: Int, width: Int = 64) -> MACs {
    var configuration = ResNetConfiguration()
    configuration.stem = stem
    configuration.stemPadding = padding
    configuration.width = width
    return MACs(ResNet(configuration), imageSize: size)
  }

  @Test func denseCountsAreThePapers() {
    #expect(macs(.imagenet, size: 224).dense == 1_813_561_344)
    #expect(macs(.cifar, padding: 2, size: 32).dense == 703_560_448)
    #expect(macs(.cifar, size: 32).dense == 555_417_600)
    #expect(macs(.imagenet, size: 96).dense == 333_103_104)
    #expect(macs(.imagenet, size: 224).gates == 240_640)
    #expect(macs(.cifar, size: 32, width: 8).dense == 8_871_936)
  }

  @Test func gatedCountsFollowTheOpenChannels() {
    let macs = macs(.cifar, size: 32)
    let all = macs.blocks.map(\.outChannels)
    #expect(macs.gated(open: all) == macs.dense + macs.gates)
    #expect(macs.gated(open: all.map { _ in 0 }) == macs.allClosed)
    var open = all.map { _ in 0 }
    open[2] = 3
    // 9·n·H'W'·(C_in + C_out) for three channels of a block from 64 to 128 channels on maps of 16×16.
    #expect(macs.gated(open: open) - macs.allClosed == 9 * 3 * 16 * 16 * (64 + 128))
  }

  @Test func networksWithoutGatesHaveNoGateCosts() {
    var configuration = ResNetConfiguration()
    configuration.gated = false
    let macs = MACs(ResNet(configuration), imageSize: 32)
    #expect(macs.gates == 0 && macs.dense == 555_417_600)
  }
}

# The formula for a Homebrew tap, as Formula/mach-procfs.rb. scripts/packaging/formula fills in
# what stands between @ signs. It builds from source: Gatekeeper refuses programs that are not signed
# and notarised, and these are neither. Untested on macOS.
class MachProcfs < Formula
  desc "Process information as files: the /proc that macOS never had"
  homepage "@REPOSITORY@"
  url "@REPOSITORY@/releases/download/v@VERSION@/mach-procfs-@VERSION@.tar.gz"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  on_macos do
    depends_on macos: :monterey
  end

  # macFUSE is not needed to build, nor by `cat`, `ls` and `record`.
  def install
    system "cargo", "install", *std_cargo_args
    system bin/"mach-procfs", "generate", "all", prefix
  end

  def caveats
    on_macos do
      <<~EOS
        `mach-procfs cat PID/maps` works at once. `mach-procfs mount` needs macFUSE:
          brew install --cask macfuse
        Its kernel extension must then be allowed in System Settings, Privacy & Security, and the
        Mac restarted. `mach-procfs doctor` says what is missing.
      EOS
    end
  end

  test do
    output = shell_output("#{bin}/mach-procfs cat self/maps")
    assert_match(/^[0-9a-f]+-[0-9a-f]+ r/, output)
  end
end

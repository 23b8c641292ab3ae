# A guest of one sector: writes its text to the second sector of its disk, reads it back, and prints
# what it read on the first serial port. The bytes in qemu_test.cc are made from this by
# `as --32 writes_disk.s -o x.o && objcopy -O binary x.o x.bin`; the text follows them.
.code16
.org 0
  ljmp $0x7c0, $start
start:
  mov %cs, %ax
  mov %ax, %ds
  mov %ax, %es
  xor %ax, %ax
  mov %ax, %ss
  mov $0x7c00, %sp
  mov %dl, drive
  # write the 512 bytes at 0x400 (text) to LBA 1: CHS 0/0/2
  mov $0x0301, %ax
  mov $0x0002, %cx
  mov $0x0000, %dx
  mov drive, %dl
  mov $text, %bx
  int $0x13
  jc fail
  # read it back to 0x600
  mov $0x0201, %ax
  mov $0x0002, %cx
  mov $0x0000, %dx
  mov drive, %dl
  mov $0x600, %bx
  int $0x13
  jc fail
  mov $0x600, %si
next:
  lodsb
  test %al, %al
  jz stop
  mov %al, %ah
wait:
  mov $0x3fd, %dx
  in %dx, %al
  test $0x20, %al
  jz wait
  mov $0x3f8, %dx
  mov %ah, %al
  out %al, %dx
  jmp next
fail:
stop:
  cli
  hlt
  jmp stop
drive: .byte 0
text:
  .asciz "Kernel panic - not syncing: wrote to the disk and read it back\r\n"
.org 510
.byte 0x55,0xaa

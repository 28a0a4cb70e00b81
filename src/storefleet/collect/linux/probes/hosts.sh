p_hosts() { content 3 262144 /etc/hosts; }
